"""The MQTT engine: what a message is, who handles it, how it is answered. Knows the protocol's envelope, no app."""
