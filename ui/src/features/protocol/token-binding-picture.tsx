import {
  type Message,
  otherKeyInWords,
  type ProtocolRun,
  partyName,
  type TokenBinding,
  type TracedToken,
  tokenBinding,
} from "aauth-explain/run";
import { useEffect, useState } from "react";
import { Breakable } from "../../components/breakable.tsx";
import styles from "./token-list.module.css";

/** Draws the key that a token is bound to, and whether that key signed the message. */
export function TokenBindingPicture(props: { run: ProtocolRun; message: Message; token: TracedToken }) {
  const { run, message, token } = props;
  const binding = useBinding(token);
  if (binding === undefined) return null;
  const { signer } = message;
  const same = signer?.thumbprint === undefined ? undefined : signer.thumbprint === binding.thumbprint;
  const owner = run.messages.find((other) => other.signer?.thumbprint === binding.thumbprint)?.signer?.party;
  const whose = owner === undefined ? (binding.agent ?? "an agent") : partyName(owner);
  const issuer = typeof token.claims?.iss === "string" ? token.claims.iss : "its issuer";
  return (
    <>
      <div className={styles.binding} data-testid="token-binding">
        <div className={styles.box}>
          <strong>
            <Breakable text={issuer} />
          </strong>
          <span className="small">signed the token</span>
        </div>
        <Link label="issued" />
        <div className={styles.box}>
          <strong>{token.kind}</strong>
          <span className="small">{token.id}</span>
        </div>
        <Link label={binding.claim} />
        <div className={styles.box} data-same={same}>
          <strong>Key of {whose}</strong>
          <span className="small">{binding.thumbprint}</span>
        </div>
      </div>
      {same !== undefined && signer && (
        <p className="note toned" data-same={same}>
          {same
            ? `${partyName(signer.party)} signed this message with the same key.`
            : `Another key signed this message: ${signer.thumbprint}. ${otherKeyInWords(message, token)}`}
        </p>
      )}
    </>
  );
}

function Link({ label }: { label: string }) {
  return (
    <div className={`small ${styles.link}`}>
      {label}
      <svg width="36" height="10" viewBox="0 0 36 10" aria-hidden="true">
        <path d="M1 5 H30" fill="none" stroke="currentColor" strokeWidth="1.5" />
        <path d="M35 5 l-7 -4 v8 z" fill="currentColor" />
      </svg>
    </div>
  );
}

function useBinding(token: TracedToken): TokenBinding | undefined {
  const [binding, setBinding] = useState<TokenBinding | undefined>(undefined);
  useEffect(() => {
    let current = true;
    void tokenBinding(token).then((found) => {
      if (current) setBinding(found);
    });
    return () => {
      current = false;
    };
  }, [token]);
  return binding;
}
