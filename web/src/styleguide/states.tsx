// Nothing yet, nothing at all, something to say.

import { Button } from "../look/button";
import { Count } from "../look/choice";
import { Empty, Notice, Skeleton, Tag } from "../look/state";
import { Example, Examples, Section } from "./view";
import { words } from "./words";

const say = words.states;

const notices = ["info", "success", "warning", "error"] as const;
const tags = ["plain", "failed", "good", "clinical", "operational", "social"] as const;
const skeletons = ["list", "messages", "text"] as const;

export function States() {
  return (
    <Section title={say.title}>
      <Examples>
        {skeletons.map((kind) => (
          <Example key={kind} name={`skeleton, ${kind}`} wide>
            <Skeleton label={say.loading} kind={kind} rows={3} />
          </Example>
        ))}
        <Example name="empty" wide>
          <Empty icon="people" title={say.empty} hint={say.hint} action={<Button>{say.action}</Button>} />
        </Example>
        {notices.map((kind) => (
          <Example key={kind} name={`notice, ${kind}`} wide>
            <Notice kind={kind} title={say.noticeTitle}>
              {say.hint}
            </Notice>
          </Example>
        ))}
        {tags.map((kind) => (
          <Example key={kind} name={`tag, ${kind}`}>
            <Tag kind={kind}>{say.tag}</Tag>
          </Example>
        ))}
        <Example name="count">
          <Count shown="7" spoken={say.count} />
        </Example>
        <Example name="count, many">
          <Count shown="99+" spoken={say.count} />
        </Example>
      </Examples>
    </Section>
  );
}
