"""The door for Pilot 2 and for scripts: HTTP under /manage/api/v1, JSON in the Cloud API's envelope."""
