// What this is, and whom to ask.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { words as general } from "../words/words";
import { about, type About } from "./model";
import type { PageProps } from "./pages";
import { words } from "./words";

const say = words.about;

export function AboutPage({ account }: PageProps) {
  const known = useSignal<About | undefined>(undefined);
  useEffect(() => {
    void about(account.client.base).then((answer) => (known.value = answer));
  }, [account]);
  const { version, page, mail } = known.value ?? { version: "", page: "", mail: "" };
  const server = account.userId.slice(account.userId.indexOf(":") + 1);
  return (
    <>
      <dl class="facts">
        <Fact term={general.product} value={version ? say.version(version) : say.messenger} />
        <Fact term={say.server} value={server} />
        <Fact term={say.user} value={account.userId} />
        <Fact term={say.device} value={account.session.device_id} />
      </dl>
      <h2>{say.help}</h2>
      <p>{page || mail ? say.helpAt : say.helpDesk}</p>
      <ul class="links">
        {page && (
          <li>
            <a href={page} target="_blank" rel="noopener noreferrer">
              {say.helpPage}
            </a>
          </li>
        )}
        {mail && (
          <li>
            <a href={`mailto:${mail}`}>{mail}</a>
          </li>
        )}
        <li>
          <a href="/licences.txt" target="_blank" rel="noopener">
            {say.licences}
          </a>
        </li>
      </ul>
    </>
  );
}

function Fact({ term, value }: { term: string; value: string }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{value}</dd>
    </div>
  );
}
