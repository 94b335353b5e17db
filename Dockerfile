# One image for code server, daemon and webservers; who does what is said in compose.yaml.
FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MOTCUA_HOME=/data TZ=Asia/Ho_Chi_Minh
WORKDIR /opt/motcua
COPY requirements.lock ./
RUN python -m pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation -e . \
    && useradd --uid 10001 --create-home motcua \
    && mkdir -p /data/dagster /data/published /data/reports \
    && chown -R motcua:motcua /data && chmod 700 /data
USER motcua
ENTRYPOINT ["motcua"]
CMD ["daemon"]
