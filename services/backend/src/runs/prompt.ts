import type { StartOptions } from "backend-api";

/**
 * Text of the message to the agent, worded as in the published demo. The wording matters because
 * the agent searches it for `laptop`, `budget` and `perform market analysis`.
 */
export function promptFor(options: StartOptions): string {
  const custom = options.custom_prompt?.trim();
  const constraints = constraintSentences(options.constraints);
  return [
    custom ? endWithStop(custom) : `Optimize the ${readable(options.scenario ?? options.optimization_type)}.`,
    constraints.length > 0 ? ` with the following constraints: ${constraints.join(", ")}` : "",
    options.priority ? `. Priority level: ${options.priority}` : "",
    custom ? "" : ". Please provide detailed recommendations with their expected impact.",
  ].join("");
}

/** The prompt for display: the user's own words verbatim, or else the text of the message. */
export function shownPrompt(options: StartOptions): string {
  return options.custom_prompt?.trim() || promptFor(options);
}

function endWithStop(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}

function readable(name: string): string {
  return name.replaceAll("_", " ");
}

function constraintSentences(constraints: StartOptions["constraints"]): string[] {
  if (constraints === undefined) return [];
  if (Array.isArray(constraints)) return constraints;
  return Object.entries(constraints).map(([name, value]) => `${name}: ${value}`);
}
