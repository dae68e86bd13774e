import { type Html, html } from "./html.ts";

/** Allow or deny, in a form. The code ties the decision to the page that it was made on. */
export function decisionFields(consentCode: string): Html {
  return html`<input type="hidden" name="consent_code" value="${consentCode}">
<div class="buttons">
<button type="submit" name="accept" value="yes">Allow</button>
<button type="submit" name="cancel" value="yes" class="quiet">Deny</button>
</div>`;
}
