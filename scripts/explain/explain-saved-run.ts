import {
  MAX_SAVED_RUN_BYTES,
  readSavedRun,
  SavedRunError,
  type SavedVerdict,
  verifySavedMessage,
} from "aauth-explain";
import { visibleText } from "agent-kit/service";
import { isoSeconds } from "protocol-trace/read";
import { ExplainInputError } from "./explain-input-error.ts";
import { PROFILES } from "./judging-options.ts";

const WORDS: Readonly<Record<SavedVerdict["state"], string>> = {
  verified: "✓ verified",
  refused: "✕ REFUSED",
  recorded: "– recorded",
};
const COLOURS: Readonly<Record<SavedVerdict["state"], number>> = { verified: 32, refused: 31, recorded: 2 };
const LEGEND =
  "Verified: signature, body and token, by the public keys in the file; compare these with what the parties publish. Recorded: as its receiver recorded it.";

interface SavedRunIo {
  readonly print: (text: string) => void;
  readonly colour: boolean;
  readonly json: boolean;
}

/** Whether an input is an HTML page: no request, command or recording begins like one. */
export const isPage = (input: Uint8Array): boolean =>
  /^\s*<!doctype html/i.test(new TextDecoder().decode(input.subarray(0, 100)));

/**
 * Verifies a saved run as its own page does, and prints a table of its messages.
 *
 * @returns the exit status: 1 where a message is refused, else 0
 * @throws ExplainInputError with the code of the file's error
 */
export async function explainSavedRun(input: Uint8Array, io: SavedRunIo): Promise<0 | 1> {
  const run = await readFile(input);
  const nameOf = (id: string) => run.parties.find((party) => party.id === id)?.name ?? id;
  const rows = await Promise.all(
    run.messages.map(async (message, index) => {
      const { state, reason, atSeconds } = await verifySavedMessage(message, PROFILES);
      const { from, to, what } = message;
      const number = index + 1;
      return { number, from: nameOf(from), to: nameOf(to), what, state, reason, signedAt: atSeconds };
    }),
  );
  const counts = (["verified", "recorded", "refused"] as const).map(
    (state) => `${rows.filter((row) => row.state === state).length} ${state}`,
  );
  const table = rows.map(({ number, from, to, what, state, reason, signedAt }) => {
    const word = WORDS[state].padEnd(10);
    const shown = io.colour ? `\u001b[${COLOURS[state]}m${word}\u001b[0m` : word;
    const why = reason === undefined ? "" : `: ${reason}`;
    const when = signedAt === undefined || state === "refused" ? "" : `, valid at ${isoSeconds(signedAt)}`;
    return `${String(number).padStart(4)}  ${shown}  ${visibleText(`${from} → ${to}: ${what}${when}${why}`)}`;
  });
  if (io.json) io.print(visibleText(JSON.stringify(rows)));
  else io.print([visibleText(`Run ${run.requestId}: ${counts.join(", ")}`), ...table, LEGEND].join("\n"));
  return rows.some(({ state }) => state === "refused") ? 1 : 0;
}

async function readFile(input: Uint8Array) {
  try {
    // Characters are bytes at least: what is too large in bytes is not decoded.
    const bytes = input.subarray(0, MAX_SAVED_RUN_BYTES + 1);
    return await readSavedRun(new TextDecoder().decode(bytes));
  } catch (error) {
    if (!(error instanceof SavedRunError)) throw error;
    throw new ExplainInputError(error.code, error.message);
  }
}
