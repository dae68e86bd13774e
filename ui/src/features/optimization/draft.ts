import { z } from "zod";

/** The backend's limits, so that it does not refuse what is typed here. */
export const draftLimits = { promptLength: 8000, constraints: 20, nameLength: 100, valueLength: 500 };

/** One line of the constraints editor. `id` only distinguishes rows on the page. */
const rowSchema = z.object({
  id: z.number(),
  name: z.string().max(draftLimits.nameLength),
  value: z.string().max(draftLimits.valueLength),
});
export type ConstraintRow = z.infer<typeof rowSchema>;

/**
 * The user's input. It may be of any length, so that even a prompt too long to send is not lost.
 */
export const storedDraftSchema = z.object({
  prompt: z.string(),
  constraints: z.array(rowSchema).max(draftLimits.constraints),
  /** Agents of the standard request. Unset: one. */
  agents: z.enum(["one", "two"]).optional(),
});
export type Draft = z.infer<typeof storedDraftSchema>;

export const defaultPrompt = "optimize laptop supply chain";

export const defaultDraft: Draft = {
  prompt: defaultPrompt,
  constraints: [
    { id: 1, name: "budget_limit", value: "500000" },
    { id: 2, name: "delivery_time", value: "2 weeks" },
    { id: 3, name: "quality_requirement", value: "enterprise_grade" },
  ],
};

/**
 * Number of characters by which a prompt exceeds the backend's limit; zero or less if it can be
 * sent.
 */
export function promptExcess(prompt: string): number {
  return prompt.trim().length - draftLimits.promptLength;
}
