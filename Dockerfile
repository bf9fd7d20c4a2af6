# One image for dashboards and workers; deploy/compose.yaml says how they stand together.
FROM python:3.11-slim
# Pillow sets type with it, and brings everything else itself.
RUN apt-get update && apt-get install -y --no-install-recommends libfribidi0 fonts-noto-color-emoji && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 pilot && mkdir /store && chown pilot /store
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
USER pilot
ENV PILOT_OPS_STORE=/store STREAMLIT_SERVER_ADDRESS=0.0.0.0 PYTHONUNBUFFERED=1
VOLUME /store
EXPOSE 8501
CMD ["streamlit", "run", "app.py"]
