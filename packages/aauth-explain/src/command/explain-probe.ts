import { explainRecorded } from "../explain-recorded.ts";
import { KNOWN_PROFILES } from "../known-profiles.ts";
import { type Probe, probe } from "../probe/probe.ts";
import { visibleFields, visibleLines, visibleText } from "../visible-text.ts";
import { printExplanation } from "./print-explanation.ts";

interface ProbeIo {
  readonly print: (text: string) => void;
  readonly colour: boolean;
  readonly method?: string | undefined;
  readonly json?: boolean | undefined;
}

const STATUS: Readonly<Record<Probe["state"], 0 | 1 | 2>> = {
  accepted: 0,
  challenged: 0,
  refused: 1,
  no_aauth: 2,
  unknown: 2,
};

/**
 * Probes a server and prints what its answer shows, and below it the request as it was sent.
 *
 * @returns the exit status: 0 for a signature that is accepted, 1 for a refused one, else 2
 * @throws InputError as `probe`
 */
export async function explainProbe(
  url: string,
  { print, colour, method, json }: ProbeIo,
): Promise<0 | 1 | 2> {
  const { message, keys, ...found } = await probe(url, method);
  const explanation = await explainRecorded({ message }, { profiles: KNOWN_PROFILES, keys });
  if (json) print(visibleLines(JSON.stringify({ ...found, explanation }, null, 2)));
  else {
    const { state, sentence, remedy, requests } = visibleFields(found);
    const lines = [
      `${state.toUpperCase().replace("_", " ")}: status ${message.response?.status}. ${sentence}`,
      ...(remedy === undefined ? [] : [`What to change: ${remedy}`]),
      `${requests} requests were sent.`,
      "",
      visibleText(`The signed request, as it was sent to ${message.url}:`),
    ];
    print([...lines, printExplanation(explanation, { colour })].join("\n"));
  }
  return STATUS[found.state];
}
