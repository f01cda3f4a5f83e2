// Makes formatted messages harmless: of what other people's clients wrote, only the elements that a message needs remain, and
// of their attributes only where a link leads and where a list begins (client-server API, section 11.2.1.1). DOMPurify does
// it, under its own Trusted Types policy, which is the only one that the app's content policy allows.

import DOMPurify from "dompurify";

const tags = "del h1 h2 h3 h4 h5 h6 blockquote p a ul ol sup sub li b i u strong em s code hr br div table thead tbody tr th td caption pre span details summary".split(" ");

/** Deeper nesting than this is not a message (client-server API, same section). */
const deepest = 100;

/** A fragment to put into the page. */
export function harmless(html: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(html, {
    ALLOWED_TAGS: tags,
    ALLOWED_ATTR: ["href", "start"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?|mailto|tel|ftp):/i,
    // What a client quotes of the message it answers is shown from its source instead.
    FORBID_TAGS: ["mx-reply", "script", "style"],
    FORBID_CONTENTS: ["mx-reply", "script", "style"],
    RETURN_DOM_FRAGMENT: true,
  });
  for (const deep of fragment.querySelectorAll(`${"* > ".repeat(deepest)}*`)) deep.remove();
  for (const anchor of fragment.querySelectorAll("a")) settle(anchor);
  for (const heading of fragment.querySelectorAll("h1, h2, h3, h4, h5, h6")) heading.replaceWith(bold(heading));
  return fragment;
}

/** Links open elsewhere and tell nobody where from; a link to a person is that person's name. */
function settle(anchor: HTMLAnchorElement): void {
  if (!anchor.hasAttribute("href") || anchor.href.startsWith("https://matrix.to/#/")) {
    const name = document.createElement("strong");
    name.className = "mention";
    name.textContent = anchor.textContent;
    anchor.replaceWith(name);
    return;
  }
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  // The words of a link must not hide where it leads.
  const shown = anchor.textContent ?? "";
  if (/^[a-z]+:\/\/|^www\./i.test(shown.trim()) && !anchor.href.startsWith(shown.trim())) anchor.textContent = anchor.href;
}

/** A message's headings are not the page's. */
function bold(heading: Element): HTMLElement {
  const paragraph = document.createElement("p");
  const strong = document.createElement("strong");
  strong.append(...heading.childNodes);
  paragraph.append(strong);
  return paragraph;
}
