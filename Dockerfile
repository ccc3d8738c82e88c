# The image of Batch jobs: Python, Stepwell and what it needs, pinned by hash. A step's own packages are in its
# environment (@pypi, @conda), or are put in here:
#   docker build --build-arg PACKAGES="torch==2.9.1" -t stepwell .
# A base that never changes is named by its digest: --build-arg BASE=python@sha256:...
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS built
ARG PACKAGES=""
COPY requirements-runtime.txt /build/
RUN python -m venv /opt/stepwell \
 && /opt/stepwell/bin/pip install --no-cache-dir --require-hashes --requirement /build/requirements-runtime.txt
COPY pyproject.toml README.md LICENSE /build/
COPY runtime /build/runtime
RUN /opt/stepwell/bin/pip install --no-cache-dir --no-deps /build \
 && if [ -n "${PACKAGES}" ]; then /opt/stepwell/bin/pip install --no-cache-dir ${PACKAGES}; fi \
 && /opt/stepwell/bin/pip uninstall --yes pip

FROM ${BASE}
RUN useradd --create-home --uid 1000 stepwell
COPY --from=built /opt/stepwell /opt/stepwell
ENV PATH=/opt/stepwell/bin:${PATH} PYTHONDONTWRITEBYTECODE=1
USER 1000
WORKDIR /home/stepwell
CMD ["python", "-m", "stepwell.job"]
