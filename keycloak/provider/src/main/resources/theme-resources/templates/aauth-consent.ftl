<#-- Asks a signed-in person whether an agent may act for them. Values are escaped by Keycloak's FreeMarker configuration. -->
<#import "template.ftl" as layout>
<@layout.registrationLayout displayMessage=false; section>
    <#if section = "header">
        ${msg("aauthConsentTitle")}
    <#elseif section = "form">
        <div id="aauth-consent">
            <p>${msg(consent.own?then("aauthConsentLeadOwn", "aauthConsentLead"), consent.username)}</p>
            <dl class="pf-v5-c-description-list pf-v5-u-my-md">
                <div class="pf-v5-c-description-list__group">
                    <dt class="pf-v5-c-description-list__term"><b>${msg("aauthConsentAgent")}</b></dt>
                    <dd class="pf-v5-c-description-list__description">
                        <code id="aauth-agent">${consent.agent}</code>
                        <#if consent.agentName??><div>${msg("aauthConsentAgentName", consent.agentName)}</div></#if>
                    </dd>
                </div>
                <#if consent.agentDelegate??>
                <div class="pf-v5-c-description-list__group">
                    <dt class="pf-v5-c-description-list__term"><b>${msg("aauthConsentDelegate")}</b></dt>
                    <dd class="pf-v5-c-description-list__description"><code>${consent.agentDelegate}</code></dd>
                </div>
                </#if>
                <div class="pf-v5-c-description-list__group">
                    <dt class="pf-v5-c-description-list__term"><b>${msg("aauthConsentResource")}</b></dt>
                    <dd class="pf-v5-c-description-list__description"><code id="aauth-resource">${consent.resource}</code></dd>
                </div>
            </dl>
            <h2 id="aauth-permissions"><b>${msg("aauthConsentPermissions")}</b></h2>
            <#-- The page names the author of each description, because it is only as trustworthy as that author. -->
            <#if consent.scopes?has_content>
            <p id="aauth-resource-words" class="pf-v5-u-mt-sm">${msg("aauthConsentResourceWords")} <code>${consent.resource}</code>:</p>
            <ul class="${properties.kcListClass!}" aria-labelledby="aauth-permissions aauth-resource-words">
                <#list consent.scopes as scope>
                <li>
                    <#if scope.description??>${scope.description}<#else>${msg("aauthConsentNoDescription")}</#if>
                    <div><code>${scope.name}</code></div>
                </li>
                </#list>
            </ul>
            </#if>
            <#if consent.identityScopes?has_content>
            <p id="aauth-own-words" class="pf-v5-u-mt-sm">${msg("aauthConsentOwnWords")}</p>
            <ul class="${properties.kcListClass!}" aria-labelledby="aauth-permissions aauth-own-words">
                <#list consent.identityScopes as scope>
                <li>
                    ${msg("aauthConsentScope." + scope.name)}
                    <div><code>${scope.name}</code></div>
                </li>
                </#list>
            </ul>
            </#if>
            <form class="${properties.kcFormClass!} pf-v5-u-mt-lg" action="${consent.action}" method="post">
                <input type="hidden" name="consent_code" value="${consent.code}">
                <div class="${properties.kcFormGroupClass!}">
                    <div class="${properties.kcFormActionGroupClass!} pf-v5-u-flex-nowrap">
                        <button class="${properties.kcButtonPrimaryClass!} ${properties.kcButtonBlockClass!}" type="submit" name="accept" value="yes">${msg("aauthConsentAllow")}</button>
                        <button class="${properties.kcButtonSecondaryClass!} ${properties.kcButtonBlockClass!}" type="submit" name="cancel" value="yes">${msg("aauthConsentDeny")}</button>
                    </div>
                </div>
            </form>
            <p class="pf-v5-u-mt-md pf-v5-u-font-size-sm">${msg("aauthConsentReturn", consent.returnsTo, (consent.minutes == 1)?then(msg("aauthConsentMinute"), msg("aauthConsentMinutes", consent.minutes?c)))}</p>
        </div>
    </#if>
</@layout.registrationLayout>
