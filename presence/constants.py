"""Names that the deployment, Entra and the code must agree on."""

QUEUE = "presence-sync"  # one message for each tenant that is due
POISON = "presence-sync-poison"  # the platform moves a message here that failed five times
CALLBACK = (
    "/sign-in/callback"  # the redirect URI of the app registration, below the product's own address
)
