/**
 * Every command behind bootstrap.mjs, with its `--help`, which needs no installed package.
 *
 * @typedef {object} Command
 * @property {string} script program, and its first arguments; the pinned Node runs it with the
 * remaining ones
 * @property {boolean} [needsTools] whether it needs what tests and builds the code:
 * `devDependencies`
 * @property {string} [does] what it does and how long it takes; undefined where the script's own
 * help says so
 * @property {Readonly<Record<string, string>>} [programs] programs that its first argument names
 * instead, with help of their own
 * @property {Usage} [usage] undefined where the script reads its flags itself, and prints them
 * after `does`
 *
 * @typedef {object} Usage
 * @property {[name: string, text: string][]} [flags] switches
 * @property {[name: string, text: string]} [words] arguments, as many as one likes; none are taken
 * without
 * @property {[name: string, text: string][]} [variables]
 */

/** @type {Readonly<Record<string, Command>>} */
export const COMMANDS = {
  demo: {
    script: "scripts/demo/main.ts",
    programs: { consent: "scripts/consent.ts", levels: "scripts/levels.ts" },
    does: "Starts the whole system on this machine and runs until Ctrl-C. Ready in some seconds. Beside a running demo: npm run demo -- consent shows and changes the scopes that need consent, npm run demo -- levels what a resource gives to callers of each level.",
  },
  test: {
    script: "scripts/test.ts test",
    needsTools: true,
    does: "Runs the tests of every change: static checks, unit tests, the contracts of gateway and auth server, the main journeys in a browser. Some three minutes; with names, these parts alone.",
    usage: { words: ["PART", "static, unit, contract, journeys"] },
  },
  "test:all": {
    script: "scripts/test.ts test:all",
    needsTools: true,
    does: "Runs npm test and everything else that ends within half an hour. Fetches and builds what is missing: Keycloak (needs a JDK and Maven), Jaeger (needs Go), Chromium, the peers of interop (need Python; the Rust peer needs cargo). A part whose program is not available is skipped; with CI=1 it fails.",
    usage: {
      words: [
        "PART",
        "a part of npm test, or nodes, runtimes, stack, conformance, replicas, walkthrough, browser, interop, keycloak",
      ],
      flags: [
        ["--demo PATH", "interop: the swaps with the services of a checkout of the published demo"],
        [
          "--keycloak PATH",
          "interop: the swaps with the Keycloak in this folder, which has the published extension in providers",
        ],
        ["--gateway PATH", "interop: the swaps behind this program, which reads agentgateway/config.yaml"],
      ],
      variables: [
        [
          "UPDATE_DOCS",
          "1: walkthrough, runtimes, interop and browser write what the documents show, instead of comparing it",
        ],
        ["CHROME_PATH", "Chromium executable"],
        ["JAEGER_BIN", "executable, or a name on the PATH (default: jaeger)"],
        ["POSTGRES_BIN", "folder of initdb and postgres (default: Debian's, or the PATH)"],
        [
          "VALKEY_BIN",
          "executable, or a name on the PATH (default: valkey-server, redis-server, or one that is installed)",
        ],
      ],
    },
  },
  "test:long": {
    script: "scripts/test.ts test:long",
    needsTools: true,
    does: "Runs what takes longest: all pairs of callers and requests of the gateway contract, also against an Agentgateway binary, the gates on Next and an agent in a browser, load, two Keycloak nodes, the known holes and a tenth of the checks by mutation, those that rows of the conformance kit must notice, a copy without February 2026, the containers. Hours; with names, these parts alone.",
    usage: {
      words: [
        "PART",
        "contract, agentgateway, replicas, runtimes, stack, keycloak, holes, conformance, compose",
      ],
      variables: [
        ["CONFORMANCE_TWELFTH", "1 to 12: a twelfth of the part conformance"],
        ["AGENTGATEWAY_BIN", "executable, or a name on the PATH (default: agentgateway)"],
        [
          "AGENTGATEWAY_SOURCE",
          "without one: a clone of its repository, from which Cargo (Rust 1.95) builds it; ten minutes",
        ],
      ],
    },
  },
  check: {
    script: "scripts/test.ts check",
    needsTools: true,
    does: "Judges the code without running it: format, lint, types, who may import whom, what is unused, the packages. About a minute.",
    usage: {
      flags: [["--write", "formats first, and writes the reference pages and the reports of the packages"]],
    },
  },
  bench: {
    script: "bench/main.ts",
    needsTools: true,
    does: "Runs the benchmarks, or those that are named, and prints a table. All of them take ten minutes on an idle machine.",
    usage: {
      words: ["NAME", "sign-verify, route, flow, gateway"],
      flags: [
        ["--beside FOLDER", "each in turn here and in another installed checkout; prints the quotients"],
      ],
    },
  },
  policy: { script: "scripts/policy.ts" },
  "test:holes": {
    script: "scripts/test.ts test:holes",
    needsTools: true,
    does: "Takes each check against a known hole out of a copy of the code, one at a time, and demands that its test fails. Half an hour for all. With a path it takes a tenth of all checks there, and lists those that no test of their package or service notices: at least 19 of 20 must be. An hour for all folders.",
    usage: {
      words: [
        "ID|PATH",
        "rows of docs/reference/known-holes.md: P1 for one, J for all that begin with J; replay for that of an attack of the page; or how files begin, such as packages/aauth/src/tokens. There are: packages/aauth, packages/aauth-a2a, packages/agent-kit, packages/fastify-aauth, packages/gateway-check, packages/issuer-kit, packages/mcp-aauth, services/auth-server, services/person-server, services/backend, services/gateway, services/supply-chain-agent",
      ],
      flags: [["--seed TEXT", "takes another tenth; the same text takes the same one (default: 1)"]],
    },
  },
  explain: {
    script: "scripts/explain.ts",
    does: "Explains signed requests in the terminal. --open serves the page “Why was this refused?”, which does the same in a browser; --page FILE writes it as one HTML file that opens from disk.",
  },
  doctor: {
    script: "scripts/doctor.ts",
    needsTools: true,
    does: "Installs the workspace, looks at this machine and at the settings that npm run demo would take from the environment and from .env, and prints a line for each: ok; PROBLEM for what stands in the way of the demo, with what to do about it (exit status 1); note for what only other commands need. Starts nothing. Some seconds.",
    usage: {},
  },
};

/** Names of version 0.1, with what has taken their place. They go with version 0.3. */
export const MOVED = {
  "test:interop": "test:all -- interop",
  consent: "demo -- consent",
  delegate: "demo -- --only delegate-agent",
  levels: "demo -- levels",
  docs: "check -- --write",
  format: "check -- --write",
};

const HELP_FLAGS = ["--help", "-h"];
const LINE_CHARACTERS = 100;

/** Whether a help flag is among the arguments, before any `--`. */
export function asksForHelp(args) {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? undefined : end).some((arg) => HELP_FLAGS.includes(arg));
}

/**
 * Beginning of a command's help, or all of it if `usage` is declared. Undefined if the script
 * prints all of it.
 */
export function helpText(name) {
  const { does, usage } = COMMANDS[name];
  if (does === undefined) return undefined;
  const { flags = [], words, variables = [] } = usage ?? {};
  const taken = [
    ...(usage === undefined ? ["[flags]"] : flags.map(([flag]) => `[${flag}]`)),
    ...(words === undefined ? [] : [`[${words[0]} …]`]),
  ];
  const call = [
    name === "test" ? "npm test" : `npm run ${name}`,
    ...(taken.length > 0 ? ["--", ...taken] : []),
  ];
  const table = [...(words === undefined ? [] : [words]), ...flags];
  const width = Math.max(...[...table, ...variables].map(([entry]) => entry.length));
  const row = ([entry, text]) => `  ${entry.padEnd(width)}  ${text}`;
  const blocks = [call.join(" "), wrapped(does)];
  if (table.length > 0) blocks.push(table.map(row).join("\n"));
  else if (usage !== undefined) blocks.push("Takes no flags but --help.");
  if (variables.length > 0) blocks.push(["Variables of the environment:", ...variables.map(row)].join("\n"));
  return blocks.join("\n\n");
}

/** Breaks a text between words into lines of at most {@link LINE_CHARACTERS}. */
function wrapped(text) {
  return text.replace(new RegExp(`(.{1,${LINE_CHARACTERS}})(?: |$)`, "g"), "$1\n").trimEnd();
}

/** Message on invalid arguments of a command that `usage` describes. */
export function argumentProblem(name, args) {
  const { usage } = COMMANDS[name];
  if (usage === undefined) return undefined;
  const flags = new Map((usage.flags ?? []).map(([flag]) => flag.split(" ")));
  const problemOf = (arg, index) => {
    if (!arg.startsWith("-")) return usage.words === undefined ? "unexpected argument" : undefined;
    if (!flags.has(arg)) return "unknown flag";
    const value = args[index + 1];
    const isMissing = flags.get(arg) !== undefined && (value === undefined || value.startsWith("-"));
    return isMissing ? `needs a ${flags.get(arg)}` : undefined;
  };
  const at = args.findIndex((arg, index) => problemOf(arg, index) !== undefined);
  if (at < 0) return undefined;
  const [wrong, what] = [args[at], problemOf(args[at], at)];
  return `${name} cannot start: ${wrong}: ${what}; npm run ${name} -- --help lists its arguments`;
}
