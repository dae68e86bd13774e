import { Button, Modal } from "@mantine/core";
import type { User } from "oidc-client-ts";
import { useState } from "react";
import { Facts } from "../components/facts.tsx";
import { decodeClaims } from "./decode-claims.ts";
import { describeClaim } from "./describe-claim.ts";

/** The signed-in user's tokens, decoded. The tokens themselves are shown only on demand. */
export function AuthTokensDialog(props: { user: User; opened: boolean; onClose: () => void }) {
  const { user, opened, onClose } = props;
  return (
    <Modal opened={opened} onClose={onClose} title="Your sign-in">
      <div className="column">
        <p className="note">
          These are the tokens of your OpenID Connect sign-in. They identify you to this page and authorize it
          at the backend. They are not AAuth auth tokens and never reach an agent. Between agents, the sender
          signs each request.
        </p>
        {user.id_token && <TokenSection title="ID token" token={user.id_token} />}
        <TokenSection title="Access token" token={user.access_token} />
      </div>
    </Modal>
  );
}

function TokenSection({ title, token }: { title: string; token: string }) {
  const [isRawShown, setRawShown] = useState(false);
  const decoded = decodeClaims(token);
  return (
    <section aria-label={title}>
      <div className="line">
        <h3>{title}</h3>
        {decoded && <code>{String(decoded.header.alg)}</code>}
        <Button
          variant="subtle"
          size="compact-xs"
          aria-expanded={isRawShown}
          onClick={() => setRawShown(!isRawShown)}
        >
          {isRawShown ? "Hide raw token" : "Show raw token"}
        </Button>
      </div>
      {isRawShown && <p className="block">{token}</p>}
      {decoded ? (
        <Facts className="table" isCode facts={Object.entries(decoded.claims).map(describeClaim)} />
      ) : (
        <p className="note">This token is opaque: only the auth server can read it.</p>
      )}
    </section>
  );
}
