import { type ChangeEvent, type ClipboardEvent, type DragEvent, useRef, useState } from "react";
import type { WantedDocument } from "../features/explain/ask-origins.ts";
import EXAMPLE from "../features/explain/example.txt?raw";
import { type Finding, shownText } from "../features/explain/finding.ts";
import { type Expected, type Result, useExplanation } from "../features/explain/use-explanation.ts";
import { FindingView } from "./finding-view.tsx";
import { SavedRunView } from "./saved-run-view.tsx";
import styles from "./why-app.module.css";
import { WhyFrame } from "./why-frame.tsx";

const NOTHING: Expected = { keys: "", audience: "", issuer: "", level: "", scope: "", at: "" };
/** A larger text is not put into the box, which would take seconds. */
const MAX_TYPED = 100_000;

/** The page "Why was this refused?": explains messages that its user pastes or drops. */
export function WhyApp() {
  const [typed, setTyped] = useState("");
  const [file, setFile] = useState<{ name: string; content: string | Blob }>();
  const [expected, setExpected] = useState(NOTHING);
  const { result, isBusy, explain, allow } = useExplanation();
  const box = useRef<HTMLTextAreaElement>(null);

  const run = async (content: string | Blob, wished = expected) => {
    const { isSecret } = await explain(content, wished);
    if (!isSecret) return;
    // Neither the message nor the keys stay on the page.
    setTyped("");
    setFile(undefined);
    setExpected({ ...wished, keys: "" });
  };
  const take = (name: string, content: string | Blob) => {
    setTyped("");
    setFile({ name, content });
    void run(content);
  };
  const again = (wished = expected) => {
    const content = file?.content ?? typed;
    if (content !== "") void run(content, wished);
  };
  const onPaste = (event: ClipboardEvent) => {
    const text = event.clipboardData.getData("text");
    const [dropped] = event.clipboardData.files;
    if (text === "" && dropped === undefined) return;
    const isAll = box.current?.selectionStart === 0 && box.current.selectionEnd === typed.length;
    if (dropped === undefined && text.length <= MAX_TYPED && !isAll) return;
    event.preventDefault();
    if (dropped) take(dropped.name, dropped);
    else if (text.length > MAX_TYPED) take("the pasted text", text);
    else {
      setFile(undefined);
      setTyped(text);
      void run(text);
    }
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    const [dropped] = event.dataTransfer.files;
    const text = event.dataTransfer.getData("text");
    if (dropped) take(dropped.name, dropped);
    else if (text !== "") take("the dropped text", text);
  };
  const onFile = ({ target }: ChangeEvent<HTMLInputElement>) => {
    const [chosen] = target.files ?? [];
    if (chosen) take(chosen.name, chosen);
    target.value = "";
  };
  const expect = (change: Partial<Expected>) => setExpected((before) => ({ ...before, ...change }));

  return (
    <WhyFrame
      link={window.location.hash === "#demo" && <a href="/">Back to the demo</a>}
      footer="This page judges what it is given and lets no request pass: whether a request is accepted is for its receiver to decide."
      onDrop={onDrop}
    >
      <div>
        <h1 className={styles.title}>Why was this refused?</h1>
        <p>
          Paste a signed request, and see which check fails and what to change. It is read in this browser:
          nothing of it is sent anywhere.
        </p>
      </div>
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          again();
        }}
      >
        <label htmlFor="record" className={styles.label}>
          The message
        </label>
        {file ? (
          <p className={`line ends ${styles.file}`}>
            <span className="breakable">
              {file.name}, {sizeOf(file.content)}
            </span>
            <button type="button" className="text-button" onClick={() => setFile(undefined)}>
              Remove
            </button>
          </p>
        ) : (
          <textarea
            ref={box}
            id="record"
            className={styles.box}
            rows={8}
            value={typed}
            spellCheck={false}
            autoComplete="off"
            placeholder={"POST /orders HTTP/1.1\nHost: orders.example\nSignature-Key: …"}
            onChange={({ target }) => setTyped(target.value)}
            onPaste={onPaste}
          />
        )}
        <p className="small">
          A raw HTTP request, with its answer if you have it; a curl command, or the log of{" "}
          <code>curl -v</code>; a HAR recording; a trace of Jaeger as JSON; a saved run.
        </p>
        <div className="line">
          <button type="submit" className={styles.primary} aria-busy={isBusy}>
            Explain
          </button>
          <label className={styles.choose}>
            Choose a file
            <input type="file" className="spoken" onChange={onFile} />
          </label>
          <span className="small">or drop one anywhere.</span>
          <button
            type="button"
            className="text-button small"
            onClick={() => {
              setFile(undefined);
              setTyped(EXAMPLE);
              void run(EXAMPLE);
            }}
          >
            Try an example
          </button>
        </div>
        <Expectations expected={expected} onChange={expect} onDone={again} />
      </form>
      <div role="status" className={isBusy || result?.problem ? "column" : "spoken"}>
        {isBusy && <p className="note">Reading…</p>}
        {!isBusy && result?.findings && "Explained below."}
        {result?.problem && (
          <p className="card" data-tone="danger" data-testid="problem">
            {result.problem}
            {result.isSecret && " It was removed from this page."}
          </p>
        )}
      </div>
      {result?.saved && <SavedRunView judged={result.saved} />}
      {result && (
        <Answer
          result={result}
          onAllow={(origin) => {
            allow(origin);
            again();
          }}
        />
      )}
    </WhyFrame>
  );
}

const sizeOf = (content: string | Blob): string => {
  const size = typeof content === "string" ? content.length : content.size;
  return size < 1_000_000 ? `${Math.ceil(size / 1000)} kB` : `${(size / 1_000_000).toFixed(1)} MB`;
};

interface ExpectationsProps {
  expected: Expected;
  onChange: (change: Partial<Expected>) => void;
  onDone: (expected?: Expected) => void;
}

const FIELDS = [
  ["audience", "Audience", "https://orders.example"],
  ["issuer", "Issuers", "https://person-server.example"],
  ["level", "Level", "auth-token"],
  ["scope", "Scopes", "orders:write"],
] as const;

/** Keys and settings of the receiver, which no message has. */
function Expectations({ expected, onChange, onDone }: ExpectationsProps) {
  return (
    <details className={styles.expected}>
      <summary>Keys, and what the receiver expects</summary>
      <div className="column">
        <p className="small">
          A key that is not in the message has to be given. Without the other values, those that the message
          claims are taken.
        </p>
        <label>
          Public keys: a JWK, or a key set; several with an empty line between them
          <textarea
            className={styles.box}
            rows={4}
            value={expected.keys}
            spellCheck={false}
            autoComplete="off"
            placeholder={'{"keys":[{"kty":"OKP","crv":"Ed25519","x":"…"}]}'}
            onChange={({ target }) => onChange({ keys: target.value })}
            onPaste={(event) => {
              event.preventDefault();
              const keys =
                `${expected.keys}\n\n${event.clipboardData.getData("text").slice(0, MAX_TYPED)}`.trim();
              onChange({ keys });
              onDone({ ...expected, keys });
            }}
          />
        </label>
        <div className={styles.fields}>
          {FIELDS.map(([name, label, placeholder]) => (
            <label key={name}>
              {label}
              <input
                value={expected[name]}
                placeholder={placeholder}
                spellCheck={false}
                autoComplete="off"
                onChange={({ target }) => onChange({ [name]: target.value })}
              />
            </label>
          ))}
          <label>
            Time
            <select value={expected.at} onChange={({ target }) => onChange({ at: target.value })}>
              <option value="">when it was recorded or signed</option>
              <option value="now">now</option>
            </select>
          </label>
        </div>
      </div>
    </details>
  );
}

/** The findings of an input, of which one is open: the first that was refused. */
function Answer({ result, onAllow }: { result: Result; onAllow: (origin: string) => void }) {
  const { findings = [], leftOut = 0, wanted } = result;
  const [picked, pick] = useState<Finding>();
  const open =
    findings.find((finding) => finding === picked) ??
    findings.find(({ outcome }) => outcome === "refused") ??
    findings[0];
  if (open === undefined) return null;
  return (
    <>
      {findings.length > 1 && (
        <fieldset className={`picks ${styles.list}`}>
          <legend className="small">
            {findings.length} messages{leftOut > 0 && `, and ${leftOut} that are not read here`}
          </legend>
          {findings.map((finding, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: messages are only added at the end
            <Pick key={at} finding={finding} isOpen={finding === open} onPick={() => pick(finding)} />
          ))}
        </fieldset>
      )}
      {wanted.length > 0 && open.verdict === "Undecided" && <Wanted wanted={wanted} onAllow={onAllow} />}
      <FindingView key={findings.indexOf(open)} finding={open} />
    </>
  );
}

function Pick({ finding, isOpen, onPick }: { finding: Finding; isOpen: boolean; onPick: () => void }) {
  const title = shownText(finding.title, false);
  return (
    <button type="button" aria-pressed={isOpen} onClick={onPick} title={title}>
      <span className="toned" data-outcome={finding.outcome}>
        {finding.verdict}
      </span>{" "}
      {title.slice(0, 80)}
    </button>
  );
}

/** Asks for each origin by name before anything is fetched from it. */
function Wanted({
  wanted,
  onAllow,
}: {
  wanted: readonly WantedDocument[];
  onAllow: (origin: string) => void;
}) {
  const origins = [...new Set(wanted.flatMap(({ origin, problem }) => (origin && !problem ? [origin] : [])))];
  const failed = wanted.filter(({ origin, problem }) => problem || !origin);
  return (
    <section className="card" data-tone="waiting" aria-label="Missing keys">
      <h2>A key is missing</h2>
      {origins.map((origin) => (
        <p key={origin} className="line">
          <button type="button" className={styles.choose} onClick={() => onAllow(origin)}>
            Ask {origin}
          </button>
          <span className="small">
            Fetches {wanted.find((one) => one.origin === origin)?.url}, without cookies and referrer. That
            server sees that someone at your address asks for it.
          </span>
        </p>
      ))}
      {failed.map(({ url, problem }) => (
        <p key={url} className="breakable">
          {problem ? `${url}: ${problem}.` : `${url} is not fetched here.`} Open the party’s document in
          another tab, follow its <code>jwks_uri</code>, and paste the key set under “Keys, and what the
          receiver expects”.
        </p>
      ))}
    </section>
  );
}
