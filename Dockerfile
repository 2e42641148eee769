FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY requirements-production.txt .
RUN pip install --require-hashes -r requirements-production.txt
COPY . .
RUN useradd --system --home /data iotbridge && mkdir /data && chown iotbridge /data
USER iotbridge
VOLUME /data
EXPOSE 8000
CMD ["daphne", "-b", "0.0.0.0", "-p", "8000", "iotbridge.asgi:application"]
