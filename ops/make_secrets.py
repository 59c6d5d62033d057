"""Fresh secrets for `docker/compose.yaml`: `python3 ops/make_secrets.py > docker/.env`. Needs nothing but Python."""

from __future__ import annotations

import base64
import json
import os
from secrets import token_urlsafe

USERS = ("ops", "desk", "guest")
"""Those of `ops.home`, which needs a package to be installed."""


def fresh() -> dict[str, str]:
    """Every variable that `compose.yaml` asks for, with a new secret."""
    return {
        "API_SECRET_KEY": token_urlsafe(48),
        "FERNET_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "JWT_SECRET": token_urlsafe(48),
        # No sign of these needs quoting in an address.
        "POSTGRES_PASSWORD": token_urlsafe(24),
        "REDIS_PASSWORD": token_urlsafe(24),
        "PASSWORDS": json.dumps({name: token_urlsafe(12) for name in USERS}),
    }


if __name__ == "__main__":
    for name, value in fresh().items():
        print(f"{name}='{value}'")
