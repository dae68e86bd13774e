import { Button, Modal } from "@mantine/core";
import type { SavedProtocol } from "aauth-explain";
import { type Message, type ProtocolRun, readProtocolRun } from "aauth-explain/run";
import { apiRoutes } from "backend-api";
import { useState } from "react";
import { ApiFailure } from "../../api/api-failure.ts";
import type { ApiClient } from "../../api/client.ts";
import { BusyButton } from "../../components/busy-button.tsx";
import type { AttackToSave } from "./saved-attack.ts";

interface TakeAlongProps {
  client: ApiClient;
  requestId: string;
  /** Protocol version and mode of the run. */
  protocol: SavedProtocol;
  run: ProtocolRun;
  /** Attacks made on the run since the page was opened. */
  attacks: readonly AttackToSave[];
  /**
   * Whether the backend keeps complete requests of this run for some minutes: in demo mode only,
   * and not for orders or attempts.
   */
  hasEvidence: boolean;
  /** The message for "copy as curl". */
  message: Message | undefined;
}

// Export code is loaded on demand, because most visitors export nothing.
/** Exports: the run as a self-contained file or a HAR recording, and a message as a command. */
export function TakeAlong(props: TakeAlongProps) {
  const { client, requestId, protocol, run, attacks, hasEvidence, message } = props;
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState("");
  const name = `aauth-run-${requestId.slice(0, 8)}`;

  const evidence = async () =>
    hasEvidence ? (await client.call(apiRoutes.runEvidence, { params: { id: requestId } })).requests : [];
  /** Without a trace, only an attack's outcome is shown. */
  const traceOf = async ({ result: { trace_id: traceId } }: AttackToSave) =>
    traceId === undefined
      ? undefined
      : client
          .call(apiRoutes.attemptTrace, { params: { id: requestId, traceId } })
          .then(({ traces }) => readProtocolRun(traces))
          .catch(() => undefined);
  const perform = async (work: () => Promise<string>) => {
    setBusy(true);
    setOutcome("");
    try {
      setOutcome(await work());
    } catch (error) {
      setOutcome(reasonOf(error));
    } finally {
      setBusy(false);
    }
  };
  const save = () =>
    perform(async () => {
      setAsking(false);
      const [{ default: viewer }, { savedRunPage }, { savedRunOf, savedAttackOf }] = await Promise.all([
        import("virtual:saved-run-viewer"),
        import("aauth-explain"),
        import("./to-save.ts"),
      ]);
      const whole = await evidence();
      const made = [];
      for (const attack of attacks) made.push(savedAttackOf(attack, await traceOf(attack)));
      const now = Math.floor(Date.now() / 1000);
      const saved = savedRunOf({ requestId, protocol, run, evidence: whole, attacks: made, now });
      download(`${name}.html`, "text/html", await savedRunPage(viewer, saved));
      const verifiable = saved.messages.filter((one) => one.evidence !== undefined).length;
      const verified =
        verifiable === 0
          ? "It shows every message as recorded, because the backend no longer has the complete requests."
          : `It verifies ${verifiable} of ${saved.messages.length} messages again wherever it is opened, and shows the others as recorded.`;
      return `Saved ${name}.html. ${verified}${made.length === 0 ? "" : ` It includes ${inWords(made.length)}, with both sides.`}`;
    });
  const copy = (asked: Message) =>
    perform(async () => {
      const [{ curlOf, CUT }, { isOf }] = await Promise.all([import("./curl.ts"), import("./to-save.ts")]);
      const whole = (await evidence()).find((request) => isOf(request, asked));
      const command = curlOf(asked, whole);
      await navigator.clipboard.writeText(command);
      return `Copied message ${asked.number}. ${command.includes(CUT) ? "Its token and signature are truncated, so it cannot be sent." : "Sent again, it is refused: a signed request is accepted once."}`;
    });
  const record = () =>
    perform(async () => {
      const { harOf } = await import("./har.ts");
      download(`${name}.har`, "application/json", harOf(run));
      return `Saved ${name}.har. Its tokens and signatures are truncated.`;
    });
  const draw = (what: "run" | "attacks") =>
    perform(async () => {
      const { pictureOfRun, pictureOfAttacks } = await import("./pictures.ts");
      const origin = `Drawn by the AAuth demo: ${protocol.version}.`;
      const drawn = what === "run" ? pictureOfRun(run, origin) : pictureOfAttacks(attacks, origin);
      const file = what === "run" ? `${name}.svg` : `${name}-attacks.svg`;
      download(file, "image/svg+xml", drawn);
      return `Saved ${file}, a picture without tokens, keys or names of users.`;
    });

  return (
    <div className="column">
      <div className="line">
        <BusyButton variant="default" busy={isBusy} onClick={() => setAsking(true)}>
          Save this run (.html)
        </BusyButton>
        <Button variant="subtle" disabled={isBusy} onClick={() => void record()}>
          Save as HAR
        </Button>
        <Button variant="subtle" disabled={isBusy} onClick={() => void draw("run")}>
          Picture of the run (.svg)
        </Button>
        {attacks.length > 0 && (
          <Button variant="subtle" disabled={isBusy} onClick={() => void draw("attacks")}>
            Picture of the attacks (.svg)
          </Button>
        )}
        {message?.signer !== undefined && (
          <Button variant="subtle" disabled={isBusy} onClick={() => void copy(message)}>
            Copy message {message.number} as curl
          </Button>
        )}
      </div>
      <p className="note" role="status">
        {outcome}
      </p>
      <Modal opened={isAsking} onClose={() => setAsking(false)} title="Save this run">
        <div className="column">
          <p>
            One HTML file that opens from disk without a network. It replays the messages, and verifies again
            those recorded completely.{" "}
            {attacks.length === 0
              ? "It also includes attacks that you make above before you save."
              : `It includes your ${inWords(attacks.length)}.`}
          </p>
          <p>
            <strong>The file contains complete tokens.</strong> Each is bound to a key of the demo and may
            still be valid with that key for up to an hour. Without the key it is worthless, and the file does
            not contain the key. Nor does it contain your sign-in, cookies, sessions or codes.
          </p>
          {!hasEvidence && (
            <p className="note">
              The backend has no complete requests of this run: every message is shown as its receiver
              recorded it.
            </p>
          )}
          <div className="line">
            <Button onClick={() => void save()}>Save the file</Button>
            <Button variant="default" onClick={() => setAsking(false)}>
              Cancel
            </Button>
          </div>
        </div>
      </Modal>
    </div>
  );
}

const inWords = (count: number): string => `${count} ${count === 1 ? "attack" : "attacks"}`;

function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Errors of the file's format have a code, too. */
function reasonOf(error: unknown): string {
  if (error instanceof ApiFailure) return error.message;
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return `Something went wrong${typeof code === "string" ? ` (${code})` : ""}: ${String(message)}.`;
}
