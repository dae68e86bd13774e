import { Button, Modal } from "@mantine/core";
import type { User } from "oidc-client-ts";
import { useState } from "react";
import styles from "./auth-tokens-dialog.module.css";
import { decodeClaims } from "./decode-claims.ts";
import { describeClaim } from "./describe-claim.ts";

/** The signed-in user's tokens, decoded. The tokens themselves are shown only on demand. */
export function AuthTokensDialog(props: { user: User; opened: boolean; onClose: () => void }) {
  const { user, opened, onClose } = props;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Your sign-in"
      size="lg"
      radius={14}
      padding="xl"
      classNames={{ title: "dialog-title" }}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <p className={styles.intro}>
        These are the tokens of your OpenID Connect sign-in. They identify you to this page and authorize it
        at the backend. They are not AAuth auth tokens and never reach an agent. Between agents, the sender
        signs each request.
      </p>
      {user.id_token && <TokenSection title="ID token" token={user.id_token} />}
      <TokenSection title="Access token" token={user.access_token} />
    </Modal>
  );
}

function TokenSection({ title, token }: { title: string; token: string }) {
  const [isRawShown, setRawShown] = useState(false);
  const decoded = decodeClaims(token);
  return (
    <section className={styles.token} aria-label={title}>
      <div className={styles.head}>
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
      {isRawShown && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <section className={styles.raw} aria-label={`Raw ${title}`} tabIndex={0}>
          <code>{token}</code>
        </section>
      )}
      {decoded ? (
        <dl className={styles.claims}>
          {Object.entries(decoded.claims).map(([name, value]) => {
            const claim = describeClaim(name, value);
            return (
              <div key={name}>
                <dt>
                  <code>{claim.name}</code>
                  {claim.meaning && <span>{claim.meaning}</span>}
                </dt>
                <dd>{claim.value}</dd>
              </div>
            );
          })}
        </dl>
      ) : (
        <p className={styles.intro}>This token is opaque: only the auth server can read it.</p>
      )}
    </section>
  );
}
