"""The gateways' MQTT accounts, at whichever broker keeps them.

`rules` says what an account may do (pure), `accounts` which accounts there are (database), `decide` answers a
broker that asks (EMQX over HTTP, amqtt through its plug-in), `sync` tells a broker that keeps accounts itself
(Mosquitto, through `dynsec`).
"""
