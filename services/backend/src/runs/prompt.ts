import type { StartOptions } from "backend-api";

/**
 * The text of the message to the agent, worded as the demo does: the agent looks for words in
 * it (`laptop`, `budget`, `perform market analysis`), so wording is behaviour.
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

/**
 * The same for people: what the user has written as it was written, or else the text of the
 * message.
 */
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
