import { visibleText } from "agent-kit/service";

/** Receiver of text: a stream, or a test's list. */
export interface TextSink {
  write(text: string): unknown;
}

/**
 * Colours that are distinct on light and dark backgrounds: cyan, yellow, green, magenta, blue and
 * their bright forms.
 */
const COLOURS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

/** Prefix of the continued lines of a broken one. */
const CONTINUED = "  ";
/** Minimum characters of a line, also in a narrow terminal. */
const LEAST_ROOM = 40;

/**
 * Writes each service's lines as `name | line`, names aligned, one colour per service if the
 * terminal shows colours.
 */
export class LogLines {
  readonly #sink: TextSink;
  readonly #prefixes = new Map<string, string>();
  readonly #columns: () => number | undefined;
  readonly #indent: string;

  /**
   * @param options.columns width of a terminal, whose lines are broken between words; undefined for
   * a file
   * @param options.mode a mode beside the demo's own, written before each name. Default: none
   */
  constructor(
    names: readonly string[],
    options: {
      sink: TextSink;
      colour: boolean;
      columns?: () => number | undefined;
      mode?: string | undefined;
    },
  ) {
    this.#sink = options.sink;
    this.#columns = options.columns ?? (() => undefined);
    const shown = names.map((name) => (options.mode === undefined ? name : `${options.mode}: ${name}`));
    const width = Math.max(...shown.map(({ length }) => length));
    this.#indent = `${" ".repeat(width)} |`;
    names.forEach((name, index) => {
      const plain = `${shown[index]!.padEnd(width)} |`;
      this.#prefixes.set(
        name,
        options.colour ? `\u001b[${COLOURS[index % COLOURS.length]}m${plain}\u001b[0m` : plain,
      );
    });
  }

  /** Lines on the terminal, or the file, that this process writes to. */
  static ofTerminal(services: readonly { readonly name: string }[], mode?: string): LogLines {
    const names = services.map(({ name }) => name);
    const colour = wantsColour(process.stdout, process.env);
    // Undefined if the output is not a terminal: in a file lines are not broken.
    const columns = () => process.stdout.columns;
    return new LogLines(names, { sink: process.stdout, colour, columns, mode });
  }

  /**
   * Empty lines are dropped, because between the lines of other services they separate nothing. A
   * Java stack trace keeps its indentation, the gateway's access log its tabs between fields; other
   * control characters are escaped.
   */
  write(name: string, line: string): void {
    if (line.trim() === "") return;
    const indented = line.replace(/^\t+/, (tabs) => "    ".repeat(tabs.length));
    const shown = indented.split("\t").map(visibleText).join("\t");
    const columns = this.#columns();
    const room =
      columns === undefined ? Number.POSITIVE_INFINITY : columns - this.#indent.length - 1 - CONTINUED.length;
    const [first, ...rest] = brokenAt(shown, Math.max(room, LEAST_ROOM));
    this.#sink.write(`${this.#prefixes.get(name) ?? `${name} |`} ${first}\n`);
    for (const more of rest) this.#sink.write(`${this.#indent} ${CONTINUED}${more}\n`);
  }
}

/**
 * Lines of at most `room` characters. A word of more than half a line is broken at the line's end.
 */
function brokenAt(text: string, room: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > room) {
    const space = rest.lastIndexOf(" ", room);
    const end = space > room / 2 ? space : room;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

/** Whether a stream is a terminal with colours (no-color.org). */
export function wantsColour(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
}
