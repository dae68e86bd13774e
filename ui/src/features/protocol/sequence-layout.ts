import {
  interactionUrl,
  type Message,
  type Party,
  type ProtocolRun,
  readRequirement,
  shownVerdict,
  type TracedToken,
  type Verdict,
} from "aauth-explain/run";
import { EVENT } from "aauth-explain/trace-names";
import { type PollGroup, pollLabel } from "../../components/poll-groups.ts";

/** A vertical line of the diagram. */
export interface Column {
  party: Party;
  x: number;
  /** The party's name, wrapped. */
  lines: string[];
}

/** A verifier's verdict, at the point where an arrow meets its line. */
export interface Mark {
  x: number;
  y: number;
  verdict: Verdict;
}

/** A labelled arrow: a request, its response, or a group of polls. */
export interface Row {
  key: string;
  message: Message;
  kind: "request" | "response" | "polls";
  top: number;
  height: number;
  /** Paths of the line and of its arrowhead. */
  path: string;
  head: string;
  label: { text: string; x: number; y: number };
  marks: Mark[];
  /** Points where a response passes through the gateway, which only checks requests. */
  passes: { x: number; y: number }[];
}

export interface SequenceLayout {
  columns: Column[];
  rows: Row[];
  headerHeight: number;
  height: number;
  /** Whether the columns are close together. */
  isNarrow: boolean;
}

/** Margin for half a name, and less in a narrow diagram. */
const marginOf = (width: number) => (width < 480 ? 32 : 46);

/** Heights in pixels, and the offsets of a row's line and label. */
interface Density {
  request: { height: number; line: number; label: number };
  polls: { height: number; line: number; label: number };
  response: { height: number; line: number; label: number };
  turn: number;
}

const roomy: Density = {
  request: { height: 46, line: 30, label: 11 },
  polls: { height: 46, line: 30, label: 11 },
  response: { height: 34, line: 22, label: 8 },
  turn: 14,
};
/**
 * Fits ten messages with their answers on a laptop's screen. A phone uses taller rows, as touch
 * targets.
 */
const dense: Density = {
  request: { height: 31, line: 22, label: 9 },
  polls: { height: 31, line: 22, label: 9 },
  response: { height: 24, line: 17, label: 6 },
  turn: 12,
};
const mostRoomySteps = 12;
const leastDenseWidth = 480;
const headerLine = 14;
/** Space between an arrowhead and a line with a mark. */
const markRoom = 9;
/** Columns closer than this use smaller letters for names. */
const narrowGap = 70;
/**
 * Average character width of labels (12 px) and of names (bold), in the widest of the common fonts.
 */
const characterWidth = 7;
const nameCharacterWidth = 7.4;

/** Distance at which two names in the smallest letters fit side by side. */
const leastGap = 50;

/**
 * Minimum width of a diagram with this many parties, in pixels, below which names would overlap.
 */
export function leastWidth(parties: number): number {
  return 2 * marginOf(0) + Math.max(parties - 1, 1) * leastGap;
}

/**
 * Lays out parties, arrows and labels for a width in pixels.
 *
 * @param folded groups of polls that are drawn as one row each; default: none
 */
export function layOutSequence(
  run: ProtocolRun,
  width: number,
  folded: readonly PollGroup[] = [],
): SequenceLayout {
  const marginX = marginOf(width);
  const gap = run.parties.length > 1 ? (width - 2 * marginX) / (run.parties.length - 1) : 0;
  const columns = run.parties.map((party, index): Column => {
    const x = run.parties.length > 1 ? marginX + index * gap : width / 2;
    return { party, x, lines: wrapName(party.name, Math.min(Math.max(gap - 6, 40), 2 * marginX + 6)) };
  });
  const headerHeight = Math.max(1, ...columns.map(({ lines }) => lines.length)) * headerLine + 16;
  const xOf = (party: string) => columns.find((column) => column.party.id === party)?.x ?? width / 2;

  let top = headerHeight + 6;
  const inOrder = steps(run.messages, folded);
  const density = inOrder.length > mostRoomySteps && width >= leastDenseWidth ? dense : roomy;
  const rows = inOrder.map(({ message, kind }): Row => {
    const isTurning = turnsAtGateway(message, xOf);
    const height = density[kind].height + (isTurning ? density.turn : 0);
    const y = top + density[kind].line;
    const endY = isTurning ? y + density.turn : y;
    const gatewayX = message.via === undefined ? undefined : xOf(message.via);
    const ends = [xOf(message.from), xOf(message.stoppedAt ?? message.to)] as const;
    const [start, end] = kind === "response" ? [ends[1], ends[0]] : ends;
    const verifiers = kind === "request" ? message.verifiers : [];
    // The line ends next to its target, or next to the mark there.
    const room = verifiers.some(({ party }) => xOf(party) === end) ? markRoom : 2;
    const corner = isTurning && gatewayX !== undefined ? gatewayX : start;
    const isRightward = end > corner;
    const tip = end + (isRightward ? -room : room);
    const text = rowLabel({ message, kind, folded, room: Math.floor((width - 8) / characterWidth) });
    const isPassing = kind === "response" && gatewayX !== undefined && message.stoppedAt === undefined;
    const row: Row = {
      // The key survives unfolding a row of polls, so that the row keeps the keyboard focus.
      key: `${message.id} ${kind === "polls" ? "request" : kind}`,
      message,
      kind,
      top,
      height,
      path: `M${start} ${y}${isTurning ? ` H${corner} v${density.turn}` : ""} H${tip}`,
      head: `M${tip} ${endY} l${isRightward ? -7 : 7} -4 v8 z`,
      label: { text, x: clampCentre((start + end) / 2, text, width), y: y - density[kind].label },
      marks: verifiers.map((verifier) => ({
        x: xOf(verifier.party),
        y: verifier.party === message.via ? (y + endY) / 2 : endY,
        verdict: shownVerdict(message, verifier),
      })),
      passes: isPassing ? [{ x: gatewayX, y: (y + endY) / 2 }] : [],
    };
    top += height;
    return row;
  });
  return { columns, rows, headerHeight, height: top + 10, isNarrow: gap < narrowGap };
}

interface Step {
  message: Message;
  kind: Row["kind"];
  at: number;
}

/**
 * Requests and responses in order of time, with the effects of a call between the two. A group of
 * polls takes the place of its first poll.
 */
function steps(messages: readonly Message[], folded: readonly PollGroup[]): Step[] {
  const inGroup = new Set<Message>(folded.flat());
  // An attack begins once its honest requests are answered; a span may end a little later.
  const attack = messages.find(({ isTampered }) => isTampered);
  const endOf = ({ from, startMicros, endMicros }: Message) =>
    attack?.from === from && startMicros < attack.startMicros
      ? Math.min(endMicros, attack.startMicros)
      : endMicros;
  return messages
    .flatMap((message): Step[] => {
      const request = { message, at: message.startMicros };
      if (folded.some(([first]) => first === message)) return [{ ...request, kind: "polls" }];
      if (inGroup.has(message)) return [];
      return [
        { ...request, kind: "request" },
        ...(message.outcome === "pending"
          ? []
          : [{ message, kind: "response" as const, at: endOf(message) }]),
      ];
    })
    .sort((one, other) => one.at - other.at);
}

interface Labelled extends Pick<Row, "message" | "kind"> {
  folded: readonly PollGroup[];
  /** Available space in characters. */
  room: number;
}

/** Chooses or truncates a label to fit the diagram. The detail has it in full. */
function rowLabel({ message, kind, folded, room }: Labelled): string {
  const group = kind === "polls" ? folded.find(([first]) => first === message) : undefined;
  if (group !== undefined) return pollLabel(group);
  const labels = kind === "response" ? [responseLabel(message)] : requestLabels(message);
  return labels.find(({ length }) => length <= room) ?? `${labels.at(-1)!.slice(0, room - 1)}…`;
}

/** Whether the gateway does not lie between the two, so that the arrow turns there. */
function turnsAtGateway({ from, to, via, stoppedAt }: Message, xOf: (party: string) => number): boolean {
  if (via === undefined || stoppedAt !== undefined) return false;
  const gatewayX = xOf(via);
  return (gatewayX - xOf(from)) * (xOf(to) - gatewayX) < 0;
}

/** The full label, and a shorter one if available. */
function requestLabels({ number, purpose, what, signer, request }: Message): [string, ...string[]] {
  const short = `${number}  ${what}`;
  if (purpose === "user") return [short];
  const isUnsigned = request.headers !== undefined && request.headers["signature-input"] === undefined;
  return [`${short}, ${isUnsigned ? "not signed" : `signed with ${signer?.scheme ?? "its key"}`}`, short];
}

function responseLabel(message: Message): string {
  const { status, outcome, events, verifiers, interaction, errorCode } = message;
  if (interaction?.leg === "there") return "sent back";
  const words = {
    accepted: "",
    challenged: demanded(message),
    waiting: waitsFor(message),
    "handed-back": " the agent shows the page",
    refused: errorCode === undefined ? " refused" : ` ${errorCode}`,
    failed: " failed",
    pending: "",
  };
  const isAsked = events.some(({ name }) => name === EVENT.consentRequired);
  const issued = verifiers.find(({ issuedToken }) => issuedToken !== undefined)?.issuedToken;
  const more = isAsked ? ", the user is asked first" : issued ? `, ${tokenWord(issued)}` : words[outcome];
  // A returning browser's span may lack the redirect status.
  return `${status ?? (interaction === undefined ? "no response" : "sent on")}${more}`;
}

const tokenWord = ({ kind }: TracedToken) => (kind === "aa-person+jwt" ? "person token" : "auth token");

/** The requirement of a challenge; February's in one word. */
function demanded(message: Message): string {
  if (interactionUrl(message) !== undefined) return " challenge: user interaction";
  const wanted = readRequirement(message.response)?.requirement;
  return wanted === undefined ? " challenge" : ` challenge: ${wanted}`;
}

function waitsFor({ response }: Message): string {
  const wanted = readRequirement(response)?.requirement;
  return wanted === undefined ? " waits" : ` waits: ${wanted}`;
}

function clampCentre(x: number, text: string, width: number): number {
  const half = (text.length * characterWidth) / 2;
  return Math.min(Math.max(x, half + 4), Math.max(width - half - 4, width / 2));
}

/** Breaks a name at spaces and hyphens to fit its column. */
function wrapName(name: string, width: number): string[] {
  const words = name.split(/(?<=-)|\s+/);
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    const joined = last === undefined ? word : last.endsWith("-") ? last + word : `${last} ${word}`;
    if (last !== undefined && joined.length * nameCharacterWidth <= width) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines;
}
