# syntax=docker/dockerfile:1
# With a digest, `--build-arg PYTHON=python:3.11-slim-bookworm@sha256:…`, it is this very image.
ARG PYTHON=python:3.11-slim-bookworm
FROM ${PYTHON} AS build

WORKDIR /src
RUN python -m venv /opt/footnote
COPY requirements.lock ./
# PyPI's PyTorch brings gigabytes for graphics cards along; this index has it for processors.
RUN --mount=type=cache,target=/root/.cache/pip \
    PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu \
    /opt/footnote/bin/pip install --require-hashes --no-deps --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY index index
COPY rag rag
COPY ui ui
COPY eval eval
RUN /opt/footnote/bin/pip install --no-deps --no-index --no-build-isolation .

FROM ${PYTHON}

# What the reader of pictures wants.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin footnote \
    && install --directory --owner=footnote --mode=0700 /data \
    && install --directory /documents
COPY --from=build /opt/footnote /opt/footnote

# Nothing is fetched at run time: with these, a model that is not there is said at once.
ENV PATH=/opt/footnote/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HF_HUB_OFFLINE=1 \
    FOOTNOTE_DATA=/data \
    FOOTNOTE_UPLOADS=false
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
ENTRYPOINT ["footnote"]
CMD ["serve", "--host", "0.0.0.0"]
