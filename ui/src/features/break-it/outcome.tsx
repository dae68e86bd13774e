import type { BearerSide, BreakItResult } from "backend-api";
import { sectionLinks } from "protocol-trace/read";
import { SectionLinks } from "../../components/section-links.tsx";
import type { Attempt } from "./use-attempts.ts";
import { partyLabel, type TwinWording, type Wording } from "./variant-wording.ts";

/** Outcome of an attack on AAuth: for a manager in two words, for an engineer the check. */
export function Outcome({ attempt, refusal }: { attempt: Attempt; refusal?: string | undefined }) {
  if ("failure" in attempt) return <p className="outcome">{attempt.failure.message}</p>;
  const { result } = attempt;
  const { refused, refused_by, as_meant, check, code, section, status } = result;
  if (!refused) {
    return (
      <div className="outcome" data-refused="false">
        <p>
          <strong>{status}: accepted</strong>
        </p>
        <p>
          <strong>Not refused: this is a hole.</strong> The response has status {status}.
        </p>
      </div>
    );
  }
  const isPolicy = check === "policy";
  const party = partyLabel(refused_by ?? "");
  const short = status >= 400 && as_meant !== false && refusal;
  return (
    <div className="outcome" data-refused="true">
      {short && (
        <p>
          <strong>
            {status}: {short}
          </strong>
        </p>
      )}
      <p>
        {!short && <strong>{status}: </strong>}
        {status < 400 ? `Without effect at ${party}: the request still waits` : `Refused by ${party}`}
        {check && !isPolicy && (
          <>
            {" "}
            at its check <code>{check}</code>
          </>
        )}
        {isPolicy && " by its policy"}
        {code && (
          <>
            : <code data-testid="refusal-code">{code}</code>
          </>
        )}
        . {section && (sectionLinks(section).length > 0 ? <SectionLinks section={section} /> : `${section}.`)}
      </p>
    </div>
  );
}

const OTHER_CHECK_FAILED = "Another check failed first, so the intended check was not reached.";

/**
 * The explanation of a refusal. A policy would have refused the original request, too: it teaches
 * nothing.
 */
export function Lesson({ result, lesson }: { result: BreakItResult; lesson: Wording["lesson"] }) {
  const { refused, check, as_meant, meaning, reason } = result;
  if (!refused) return null;
  return (
    <>
      {reason ? <p>{sentence(reason)}</p> : meaning && <p>{withCode(meaning)}</p>}
      {check !== "policy" && <p className="note">{as_meant === false ? OTHER_CHECK_FAILED : lesson}</p>}
    </>
  );
}

/** Outcome of the same attack on the bearer twin. */
export function BearerOutcome({ side, wording }: { side: BearerSide; wording: TwinWording }) {
  return (
    <div className="outcome" data-refused={!side.succeeded}>
      <p>
        <strong>
          {side.status}: {side.succeeded ? wording.lost : "refused"}
        </strong>
      </p>
      {side.succeeded && <p>{wording.why}</p>}
    </div>
  );
}

/** Text in which a name stands between backticks. */
function withCode(text: string) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? <code key={part}>{part}</code> : part));
}

function sentence(text: string): string {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}
