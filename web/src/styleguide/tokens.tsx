// Colours, type, spacing and signs.

import { Avatar } from "../look/avatar";
import { Icon, iconNames } from "../look/icon";
import { Example, Examples, Section } from "./view";
import { words } from "./words";

const say = words.tokens;

const colours = [
  "--text", "--text-quiet", "--link", "--page", "--surface", "--surface-quiet", "--surface-hover", "--surface-current", "--surface-raised", "--line", "--line-strong", "--chrome",
  "--mine", "--theirs", "--button", "--warning", "--warning-text", "--success-text", "--banner", "--toast", "--badge", "--focus", "--clinical", "--operational", "--social",
];
const sizes = ["--text-small", "--text-body", "--text-large", "--text-title", "--text-page"];
const spaces = ["--space-1", "--space-2", "--space-3", "--space-4", "--space-5", "--space-6"];

export function Tokens() {
  return (
    <>
      <Section title={say.colours}>
        <ul class="swatches">
          {colours.map((token) => (
            <li key={token}>
              <span class="swatch" style={{ background: `var(${token})` }} />
              <code>{token}</code>
            </li>
          ))}
        </ul>
      </Section>
      <Section title={say.type}>
        {sizes.map((token) => (
          <p key={token} style={{ fontSize: `var(${token})` }}>
            {say.sample} <code>{token}</code>
          </p>
        ))}
      </Section>
      <Section title={say.spacing}>
        {spaces.map((token) => (
          <div class="space" key={token}>
            <span style={{ width: `var(${token})` }} />
            <code>{token}</code>
          </div>
        ))}
      </Section>
      <Section title={say.icons}>
        <ul class="swatches">
          {iconNames.map((name) => (
            <li key={name}>
              <Icon name={name} />
              <code>{name}</code>
            </li>
          ))}
        </ul>
      </Section>
      <Section title={say.avatars}>
        <Examples>
          {[...Array(8).keys()].map((at) => (
            <Example key={at} name={`tone-${at}`}>
              <Avatar id={String.fromCharCode(48 + at)} name={say.person} /> <Avatar id={String.fromCharCode(48 + at)} name={say.group} group />
            </Example>
          ))}
        </Examples>
      </Section>
    </>
  );
}
