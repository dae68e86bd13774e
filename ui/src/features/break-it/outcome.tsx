import { sectionLinks } from "aauth-explain/run";
import type { BearerSide, BreakItResult, Failure } from "backend-api";
import { SectionLinks } from "../../components/section-links.tsx";
import type { Attempt } from "./use-attempts.ts";
import { partyLabel, type TwinWording, type Wording } from "./variant-wording.ts";

/** Outcome of an attack on AAuth: a short headline, then the check for engineers. */
export function Outcome({ attempt, wording }: { attempt: Attempt; wording: Wording }) {
  if (!("result" in attempt)) return <NotMade failure={attempt.failure} />;
  const { result, failure } = attempt;
  if (failure !== undefined) {
    return (
      <>
        <NotMade failure={failure} />
        <p className="small">Earlier attempt:</p>
        <Outcome attempt={{ result }} wording={wording} />
      </>
    );
  }
  const { outcome, status, after_status: after } = result;
  if (outcome === "accepted") {
    return (
      <div className="outcome" data-refused="false">
        <p>
          <strong>{status}: accepted</strong>
        </p>
        <p>
          <strong>Not refused: this is a hole.</strong>{" "}
          {after === undefined
            ? `The response has status ${status}.`
            : `The honest follow-up request was answered with status ${after}.`}
        </p>
      </div>
    );
  }
  const isRefused = outcome === "refused";
  return (
    <div className="outcome" data-refused={isRefused ? "true" : "unchanged"}>
      <p>
        <strong>
          {status}: {headlineOf(result, wording)}
        </strong>
      </p>
      <p className="small">
        <Check {...result} />
      </p>
      {after !== undefined && wording.unchanged && <p>{`${wording.unchanged} ${after}.`}</p>}
    </div>
  );
}

/** An attack that was not sent says nothing about AAuth. */
function NotMade({ failure }: { failure: Failure }) {
  return (
    <p className="outcome" data-tone="waiting">
      {failure.message}
    </p>
  );
}

function headlineOf({ check, as_meant }: BreakItResult, { headline }: Wording): string {
  if (check === "policy") return "this caller is not admitted";
  return as_meant === false ? "refused for another reason" : headline;
}

/** The party that resisted the attack, its check, and the section that requires it. */
function Check({ outcome, refused_by = "", check, code, section }: BreakItResult) {
  const party = partyLabel(refused_by);
  const links = section === undefined ? [] : sectionLinks(section);
  return (
    <>
      {outcome === "refused" ? `Refused by ${party}` : `Without effect at ${party}`}
      {check === "policy" && " by its policy"}
      {check !== undefined && check !== "policy" && (
        <>
          {outcome === "refused" ? " at its check " : ", which checks "}
          <code>{check}</code>
        </>
      )}
      {code !== undefined && (
        <>
          : <code data-testid="refusal-code">{code}</code>
        </>
      )}
      . {section !== undefined && (links.length > 0 ? <SectionLinks section={section} /> : `${section}.`)}
    </>
  );
}

const OTHER_CHECK_FAILED = "Another check failed first, so the intended check was not reached.";

/**
 * Explains an outcome. Omitted for a policy, which would also have refused the original request.
 */
export function Lesson({ result, lesson }: { result: BreakItResult; lesson: Wording["lesson"] }) {
  const { outcome, check, as_meant, meaning, reason } = result;
  if (outcome === "accepted") return null;
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

/** Renders backticked names in a text as code. */
function withCode(text: string) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? <code key={part}>{part}</code> : part));
}

function sentence(text: string): string {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}
