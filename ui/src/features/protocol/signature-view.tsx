import {
  compareTexts,
  isoSeconds,
  type Message,
  partyName,
  readSignatureInput,
  readSignatureKey,
  type SignerSide,
  type TextPart,
} from "aauth-explain/run";
import { useState } from "react";
import { Facts } from "../../components/facts.tsx";
import styles from "./signature-view.module.css";
import { useSecondOpinion } from "./use-second-opinion.ts";

interface SignatureProps {
  message: Message;
  signer: SignerSide;
  /** Default: asked for. */
  second?: string | undefined;
}

/** The signature of a message: its headers, and each side's signature base. */
export function SignatureView({ message, signer, second }: SignatureProps) {
  const { headers = {} } = message.request;
  const key = readSignatureKey(headers["signature-key"] ?? "");
  const input = readSignatureInput(headers["signature-input"] ?? "");
  const facts = [
    (key ?? signer.scheme) !== undefined && {
      name: "Signature-Key",
      value: key ? (
        <span className="chips">
          <span>
            label <code>{key.label}</code>, scheme <code>{key.scheme}</code>
          </span>
          {key.parameters.map(({ name, value }) => (
            <span key={name}>
              {name} <code>{value}</code>
            </span>
          ))}
        </span>
      ) : (
        <>
          scheme <code>{signer.scheme}</code>
        </>
      ),
    },
    {
      name: "Signature-Input",
      value: (
        <span className={`chips ${styles.components}`}>
          {(input?.components ?? signer.components).map((name) => (
            <code key={name}>{name}</code>
          ))}
          {signer.created !== undefined && (
            <span>
              created <code>{signer.created}</code> ({isoSeconds(signer.created)})
            </span>
          )}
        </span>
      ),
    },
  ].filter((fact) => fact !== false);
  return (
    <div className="column">
      <Facts className="table" facts={facts} />
      <Bases message={message} signer={signer} second={second} />
    </div>
  );
}

function Bases({ message, signer, second }: SignatureProps) {
  const rebuilt = message.verifiers.filter(({ base }) => base !== undefined);
  const [pickedId, pick] = useState<string | undefined>(undefined);
  const verifier =
    rebuilt.find(({ spanId }) => spanId === pickedId) ??
    rebuilt.find(({ base }) => base !== signer.base) ??
    rebuilt.at(-1);
  const opinion = useSecondOpinion(message, second);
  // A message by itself does not show what was signed.
  const signed = signer.base ?? verifier?.base;
  if (signed === undefined) return null;
  const agree = verifier?.base === signed;
  const compared = compareTexts(signed, verifier?.base ?? signed);
  return (
    <>
      <h4>Signature base</h4>
      <p className="note toned" data-agree={signer.base && (verifier === undefined || agree)}>
        {verifier === undefined
          ? "No receiver recorded its signature base."
          : signer.base === undefined
            ? "A receiver builds this base from the message and verifies the signature over it. Compare it with the base that the signer built, line by line."
            : agree
              ? `${partyName(verifier.party)} rebuilt the same signature base that ${partyName(signer.party)} signed.`
              : `${partyName(verifier.party)} rebuilt a different signature base than ${partyName(signer.party)} signed. The differences are marked.`}
      </p>
      {rebuilt.length > 1 && (
        <fieldset className="line picks" aria-label="Rebuilt by">
          {rebuilt.map(({ spanId, party, base }) => (
            <button
              key={spanId}
              type="button"
              aria-pressed={spanId === verifier?.spanId}
              onClick={() => pick(spanId)}
            >
              {partyName(party)} {base === signer.base ? "✓" : "✕"}
            </button>
          ))}
        </fieldset>
      )}
      <div className={styles.bases}>
        {signer.base && <Base title={`As signed by ${partyName(signer.party)}`} lines={compared.left} />}
        {verifier && (
          <Base
            title={signer.base ? `As rebuilt by ${partyName(verifier.party)}` : "As a receiver builds it"}
            lines={compared.right}
          />
        )}
      </div>
      <Opinion
        opinion={opinion}
        signed={signed}
        rebuilt={verifier?.base}
        verifier={verifier && partyName(verifier.party)}
      />
    </>
  );
}

interface OpinionProps {
  opinion: ReturnType<typeof useSecondOpinion>;
  signed: string;
  rebuilt: string | undefined;
  verifier: string | undefined;
}

/** Whether an independent implementation agrees with the signer or the verifier. */
function Opinion({ opinion, signed, rebuilt, verifier }: OpinionProps) {
  const isKnown = opinion.kind === "built" && (opinion.base === signed || opinion.base === rebuilt);
  return (
    <>
      <p className="note toned" data-agree={opinion.kind === "built" && !isKnown ? false : undefined}>
        <strong>Second opinion:</strong> {opinion.kind === "asking" && "computing…"}
        {opinion.kind === "none" && opinion.reason}
        {opinion.kind === "built" &&
          (opinion.base === signed
            ? "http-message-signatures, an independent implementation, builds the same base from the recorded request."
            : opinion.base === rebuilt
              ? `http-message-signatures, an independent implementation, builds the base that ${verifier} rebuilt, not the one that was signed.`
              : "http-message-signatures, an independent implementation, builds a third base from the recorded request.")}
      </p>
      {opinion.kind === "built" && !isKnown && (
        <div className={styles.bases}>
          <Base title="By http-message-signatures" lines={compareTexts(opinion.base, signed).left} />
        </div>
      )}
    </>
  );
}

function Base({ title, lines }: { title: string; lines: TextPart[][] }) {
  return (
    <figure>
      <figcaption className="small">{title}</figcaption>
      <pre className="block">
        {lines.map((parts, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines never change
          <span className={styles.row} key={index}>
            {parts.map(({ text, differs }, part) =>
              differs ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                <mark key={part}>{text}</mark>
              ) : (
                text
              ),
            )}
          </span>
        ))}
      </pre>
    </figure>
  );
}
