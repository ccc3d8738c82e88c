// What the server is asked: paths are relative to the page's own, which has the session in it.
export async function get(name, query, signal) {
  const said = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null);
  let answer;
  try {
    answer = await fetch(`api/${name}?${new URLSearchParams(said)}`, { signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("stepwell ui does not answer: it may have been ended");
  }
  if (answer.status === 403) throw new Error("stepwell ui was started anew: open the URL that it has printed");
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error);
  return found;
}
