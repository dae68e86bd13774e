import { visibleText } from "agent-kit/service";

/** Something that takes text: a stream, or a test's list. */
export interface TextSink {
  write(text: string): unknown;
}

/** Distinct on light and dark backgrounds: cyan, yellow, green, magenta, blue and their bright forms. */
const COLOURS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

/** Writes each service's lines as `name | line`, names aligned, one colour per service where the terminal shows colours. */
export class LogLines {
  readonly #sink: TextSink;
  readonly #prefixes = new Map<string, string>();

  constructor(names: readonly string[], options: { sink: TextSink; colour: boolean }) {
    this.#sink = options.sink;
    const width = Math.max(...names.map((name) => name.length));
    names.forEach((name, index) => {
      const plain = `${name.padEnd(width)} |`;
      this.#prefixes.set(
        name,
        options.colour ? `\u001b[${COLOURS[index % COLOURS.length]}m${plain}\u001b[0m` : plain,
      );
    });
  }

  /**
   * Empty lines are left out: between the lines of other services they separate nothing. A stack trace of Java keeps its indentation,
   * the gateway's access log its tabs between fields; everything else that a terminal would act on is spelled out.
   */
  write(name: string, line: string): void {
    if (line.trim() === "") return;
    const indented = line.replace(/^\t+/, (tabs) => "    ".repeat(tabs.length));
    const shown = indented.split("\t").map(visibleText).join("\t");
    this.#sink.write(`${this.#prefixes.get(name) ?? `${name} |`} ${shown}\n`);
  }
}

/** Colours only for a terminal that has not asked for none (no-color.org). */
export function wantsColour(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
}
