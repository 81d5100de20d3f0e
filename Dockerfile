# The service with its model. Training happens in a stage of its own, so that the image
# carries service/, a model and the run-time packages, and nothing of how it was trained.
ARG BASE_IMAGE=python:3.12-slim-bookworm

FROM ${BASE_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements/runtime.txt /build/requirements/
RUN python3 -m venv --without-pip /opt/barchasb
RUN python3 -m pip --python /opt/barchasb/bin/python install --no-compile \
        --require-hashes -r /build/requirements/runtime.txt \
    && python3 -m pip --python /opt/barchasb/bin/python check
# The packages' own tests and the GPU half of numba are never imported here. Byte code
# is checked against nothing: on a read-only file system Python could not renew it, and
# builders rewrite the times by which it would be judged stale.
RUN cd /opt/barchasb/lib/python3.12/site-packages \
    && find . -type d \( -name test -o -name tests \) -not -path './numpy/_core/tests' \
        -prune -exec rm -rf {} + \
    && rm -rf numba/cuda numpy/_core/tests/[!_]* \
    && find . -name '*.pyi' -delete \
    && python3 -m compileall -q --invalidation-mode unchecked-hash . \
    && /opt/barchasb/bin/python -c 'import flask, gunicorn.app.wsgiapp, joblib, msgspec, numba'

FROM ${BASE_IMAGE} AS training
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements/build.txt requirements/training.txt requirements/
RUN python3 -m pip install --require-hashes -r requirements/build.txt \
    && python3 -m pip install --no-build-isolation --require-hashes \
        -r requirements/training.txt \
    && python3 -m pip check
COPY service service
COPY training training
COPY seeds seeds
RUN python3 -m training build

# The service is loaded once, so that its kernel is compiled here and not at every start:
# that takes seconds and more memory than serving does. Machine code for any processor of
# the architecture is as fast (the kernel hashes and adds) and is found again on each.
# What numba writes holds the time of each source, by which it is judged stale, and
# addresses in remarks that nothing reads: both would be others in every build.
FROM packages AS service
ARG SOURCE_DATE_EPOCH=1700000000
WORKDIR /srv/barchasb
COPY service service
COPY --from=training /build/models models
RUN find service -exec touch --date="@$SOURCE_DATE_EPOCH" {} + \
    && NUMBA_CPU_NAME=generic NUMBA_CACHE_DIR=compiled PYTHONDONTWRITEBYTECODE=1 \
        /opt/barchasb/bin/python -c 'import service.wsgi' \
    && sed -i -E 's/( at 0x)[0-9a-f]{12}>/\1000000000000>/g' compiled/*/*.nbc \
    && python3 -m compileall -q --invalidation-mode unchecked-hash service \
    && chmod -R a+rX,go-w . \
    && mkdir -m 1777 keys \
    && printf '#!/bin/sh\nexec python -m service.cli "$@"\n' >/opt/barchasb/bin/barchasb \
    && chmod 755 /opt/barchasb/bin/barchasb

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="Barchasb" \
      org.opencontainers.image.description="Tags Persian news articles with topics" \
      org.opencontainers.image.licenses="MIT"
COPY --from=service /opt/barchasb /opt/barchasb
COPY --from=service /srv/barchasb /srv/barchasb
WORKDIR /srv/barchasb
# malloc would keep an arena for every thread. Listening beyond the container, the service
# starts only with a key in its file of keys, or with BARCHASB_ANONYMOUS=tag.
ENV PATH=/opt/barchasb/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    NUMBA_CPU_NAME=generic \
    NUMBA_CACHE_DIR=/tmp/barchasb \
    BARCHASB_HOST=0.0.0.0 \
    BARCHASB_KEYS=keys/keys.json \
    BARCHASB_PORT=8000
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, sys; from http.client import HTTPConnection; probe = HTTPConnection('127.0.0.1', int(os.environ['BARCHASB_PORT'].strip() or 8000), timeout=3); probe.request('GET', '/healthz'); sys.exit(probe.getresponse().status != 200)"]
# numba takes compiled code from a folder that it can write to, or not at all.
ENTRYPOINT ["sh", "-c", "mkdir -p \"$NUMBA_CACHE_DIR\" && cp -r compiled/. \"$NUMBA_CACHE_DIR\" && exec \"$@\"", "barchasb"]
CMD ["gunicorn", "--config", "service/gunicorn_conf.py", "service.wsgi:application"]
