# The image of Batch jobs: Python, Stepwell, and what your flows import.
#   docker build --build-arg PACKAGES="scikit-learn pandas" -t stepwell .
FROM python:3.12-slim
ARG PACKAGES=""
RUN useradd --create-home stepwell
COPY pyproject.toml README.md LICENSE /stepwell/
COPY runtime /stepwell/runtime
RUN pip install --no-cache-dir /stepwell $PACKAGES
USER stepwell
WORKDIR /home/stepwell
CMD ["python", "-m", "stepwell.job"]
