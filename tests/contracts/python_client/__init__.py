"""How openapi/clients/python/src/phaseline_client/generated is made from the contract.

    openapi.json   --models-----> models.py              Structs and words, by datamodel-code-generator
                   --operations-> calls/, awaited/       what an operation asks, and who asks it: a file for each tag
    asyncapi.json  --channel----> channel.py             the websocket's address and its messages
    awaited/       --mirroring--> blocking/, mirrored/   the same without `await`, also of what is written by hand

`make client-python` writes it, `make verify` compares it. Every file passes the formatter at the end.
"""
