# One image for every process; which doors it opens and which keys it holds is decided where it runs (docker-compose.yml).
FROM python:3.11-slim-bookworm AS build
COPY requirements.lock /src/
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r /src/requirements.lock

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/mynaportal --create-home mynaportal \
    && mkdir /keys && chown mynaportal /keys && chmod 700 /keys /var/lib/mynaportal
COPY --from=build /venv /venv
COPY . /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MYNA_VAR_DIR=/var/lib/mynaportal MYNA_KEYS_DIR=/keys
RUN python manage.py compile_catalogues && python manage.py collectstatic --noinput --verbosity 0
USER mynaportal
EXPOSE 8000
CMD ["gunicorn", "mynaportal.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "8", \
     "--worker-tmp-dir", "/dev/shm"]
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["python", "docker/healthy.py"]
