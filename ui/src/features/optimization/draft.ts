import { z } from "zod";

/** One line of the constraints editor. `id` only tells rows apart on the page. */
export interface ConstraintRow {
  id: number;
  name: string;
  value: string;
}

/** What the person has typed. */
export interface Draft {
  prompt: string;
  constraints: ConstraintRow[];
}

export const defaultPrompt = "optimize laptop supply chain";

export const defaultDraft: Draft = {
  prompt: defaultPrompt,
  constraints: [
    { id: 1, name: "budget_limit", value: "500000" },
    { id: 2, name: "delivery_time", value: "2 weeks" },
    { id: 3, name: "quality_requirement", value: "enterprise_grade" },
  ],
};

/** The backend's own limits, so that nothing typed here is refused there. */
export const draftLimits = { promptLength: 8000, constraints: 20, nameLength: 100, valueLength: 500 };

const storedDraftSchema = z.object({
  // However long: one that cannot be sent is not lost either.
  prompt: z.string(),
  constraints: z
    .array(
      z.object({
        name: z.string().max(draftLimits.nameLength),
        value: z.string().max(draftLimits.valueLength),
      }),
    )
    .max(draftLimits.constraints),
});

/** By how many characters a prompt is longer than the backend takes; zero or less for one that can be sent. */
export function promptExcess(prompt: string): number {
  return prompt.trim().length - draftLimits.promptLength;
}

export function serializeDraft(draft: Draft): string {
  return JSON.stringify({
    prompt: draft.prompt,
    constraints: draft.constraints.map(({ name, value }) => ({ name, value })),
  });
}

/** Undefined for anything that `serializeDraft` did not write. */
export function parseDraft(text: string | null | undefined): Draft | undefined {
  try {
    const stored = storedDraftSchema.safeParse(JSON.parse(text ?? ""));
    if (!stored.success) return undefined;
    return {
      prompt: stored.data.prompt,
      constraints: stored.data.constraints.map((row, index) => ({ ...row, id: index + 1 })),
    };
  } catch {
    return undefined;
  }
}
