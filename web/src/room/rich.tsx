// Formatted words from other people's clients. They are shown plain until the library that makes them harmless is here.

import { useLayoutEffect, useRef } from "preact/hooks";

export function Rich({ html, plain }: { html: string; plain: string }) {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    let wanted = true;
    const box = place.current;
    if (!box) return;
    box.textContent = plain;
    void import("./harmless").then(({ harmless }) => {
      if (wanted) box.replaceChildren(harmless(html));
    });
    return () => {
      wanted = false;
    };
  }, [html, plain]);
  return <div class="body rich" dir="auto" ref={place} />;
}
