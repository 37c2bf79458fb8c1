# One image for web, worker, bridge and beat; compose.yaml says which is which.
FROM node:22-slim AS front-end
WORKDIR /front-end
COPY package.json .npmrc ./
RUN npm install --omit=dev --loglevel=error

FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    FLEET_DATA_DIR=/var/lib/fleet DJANGO_SETTINGS_MODULE=fleet.settings
RUN useradd --system --uid 10001 --home-dir /var/lib/fleet --create-home fleet
WORKDIR /srv/fleet
COPY requirements.txt ./
RUN pip install -r requirements.txt
COPY --from=front-end /front-end/node_modules /var/lib/fleet/node_modules
COPY manage.py ./
COPY fleet fleet
COPY devices devices
COPY waylines waylines
COPY media media
COPY livestream livestream
COPY templates templates
COPY static static
COPY locale locale
RUN python -m compileall -q .
USER fleet
EXPOSE 8000
CMD ["daphne", "-b", "0.0.0.0", "-p", "8000", "fleet.asgi:application"]
