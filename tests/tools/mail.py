"""A mail server on loopback for the tests: aiosmtpd, and nothing of ours.

Prints its port, then one line of JSON for each letter it took. What it does with
a recipient is told by the address: later@ is put off, refused@ is refused,
full@ is refused after the text, silent@ gets no answer after the text.
With an argument, it takes letters only of the user "shop" with the password "secret".
"""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        local = address.split("@")[0]
        if local == "later":
            return "451 4.7.1 Greylisted, come back later"
        if local == "refused":
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        local = envelope.rcpt_tos[0].split("@")[0]
        if local == "full":
            return "552 5.2.2 Mailbox full"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        letter = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in message.items()],
            "defects": [str(defect) for defect in message.defects],
            "body": message.get_content(),
        }
        print(json.dumps(letter), flush=True)
        if local == "silent":
            server.transport.abort()
        return "250 2.0.0 Taken as 4711"


def check(server, session, envelope, mechanism, auth_data):
    known = auth_data.login == b"shop" and auth_data.password == b"secret"
    return AuthResult(success=known)


async def main():
    user = len(sys.argv) > 1
    loop = asyncio.get_running_loop()

    def protocol():
        # authentication without TLS: this is loopback
        return SMTP(
            Handler(),
            enable_SMTPUTF8=True,
            authenticator=check if user else None,
            auth_required=user,
            auth_require_tls=False,
        )

    server = await loop.create_server(protocol, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # ends with whoever started it
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
