"""The Cloud API as data: device models, methods, properties, error texts. Imports nothing of the project."""
