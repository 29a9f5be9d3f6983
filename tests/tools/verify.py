"""Verifies one message with the official Standard Webhooks library for Python.

Reads JSON from standard input: secret, headers and body. Prints "verified", or
why not.
"""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

message = json.load(sys.stdin)
try:
    Webhook(message["secret"]).verify(message["body"], message["headers"])
    print("verified")
except WebhookVerificationError as error:
    print(f"refused: {error}")
