// Decides requests, a line of JSON each, with the package whose entry is named as the argument.
// A line {caller, access} (see evaluator.py) is answered by {allowed, reason} or {undecidable}.

import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { isWildcardOnlyAction, runSimulation } = await import(pathToFileURL(process.argv[2]).href);

// IAM User Guide, "Troubleshoot access denied error messages".
const SIDES = {
  identity: ["an identity-based policy", "no identity-based policy"],
  resource: ["a resource-based policy", "no resource-based policy"],
  session: ["a session policy", "no session policy"],
  pb: ["a permissions boundary", "no permissions boundary"],
};

// Keys that IAM knows and the package doesn't: it expects variable parts behind a "/" only, and its data has no
// claims of OpenID Connect (named by their issuer, a host). As tags they count, in policies and requests alike.
const UNKNOWN = /^(kms:EncryptionContext:|[\w-]+(\.[\w-]+)+[^:]*:)/i;

const mapped = (object, change) => Object.fromEntries(Object.entries(object).map(change));
const rekeyed = (keys) => mapped(keys, ([key, value]) => [UNKNOWN.test(key) ? `aws:RequestTag/${key}` : key, value]);

// The package takes an ARN apart at its colons before it puts values in place of variables, whose names have some.
const filled = (resources, values) =>
  [resources].flat().map((arn) => arn.replace(/\$\{([^}]+)\}/g, (all, name) => {
    const value = values[name];
    return typeof value === "string" && !/[*?]/.test(value) ? value : all;
  }));

function policy(text, values) {
  const document = JSON.parse(text);
  for (const statement of [document.Statement].flat()) {
    if (statement.Resource) statement.Resource = filled(statement.Resource, values);
    const conditions = statement.Condition;
    if (conditions) statement.Condition = mapped(conditions, ([operator, keys]) => [operator, rekeyed(keys)]);
  }
  return document;
}

const named = (documents, values) =>
  documents.map((text, index) => ({ name: `policy-${index}`, policy: policy(text, values) }));
const perhaps = (text, values) => (text === null ? undefined : policy(text, values));

async function decide({ caller, access }) {
  const [service, action] = access.action.split(":");
  const resource = (await isWildcardOnlyAction(service, action)) ? "*" : access.resource;
  const values = { ...caller.context, ...access.context };
  const result = await runSimulation(
    {
      request: {
        principal: caller.arn,
        action: access.action,
        resource: { resource, accountId: access.account },
        contextVariables: rekeyed(values),
      },
      identityPolicies: named(caller.policies, values),
      permissionBoundaryPolicies: caller.boundary === null ? undefined : named([caller.boundary], values),
      sessionPolicy: perhaps(caller.session, values),
      resourcePolicy: perhaps(access.policy, values),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (result.resultType === "error") return { undecidable: JSON.stringify(result.errors) };
  if (result.overallResult === "Allowed") return { allowed: true, reason: "" };
  const analysis = (result.result ?? result.results[0])?.analysis;
  return { allowed: false, reason: reason(caller, access.action, analysis) };
}

function reason(caller, action, analysis) {
  const results = {
    identity: analysis?.identityAnalysis?.result,
    resource: analysis?.resourceAnalysis?.result,
    session: analysis?.sessionAnalysis?.result,
    pb: analysis?.permissionBoundaryAnalysis?.result,
  };
  const denying = Object.keys(SIDES).find((side) => ["ExplicitlyDenied", "DeniedForAccount"].includes(results[side]));
  if (denying) return `with an explicit deny in ${SIDES[denying][0]}`;
  const blocking = ["session", "pb"].find((side) => results[side] === "ImplicitlyDenied");
  // Services and what comes from outside have no policies of their own: it is trust that they lack.
  const able = results.identity === "Allowed" || !/:(user|assumed-role)\//.test(caller.arn);
  const lacking = action.startsWith("sts:AssumeRole") && able ? "resource" : "identity";
  const side = results.identity === "Allowed" && blocking ? blocking : lacking;
  return `because ${SIDES[side][1]} allows the ${action} action`;
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = await decide(JSON.parse(line));
  } catch (error) {
    answer = { undecidable: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
