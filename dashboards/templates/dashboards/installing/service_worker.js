// Keeps one page, which says that the server is away. Everything else comes from the server.
// {{ release|escapejs }}

const KEPT = "offline {{ release|escapejs }}";
const PAGE = "{% url 'offline' %}";

self.addEventListener("install", (event) => {
  event.waitUntil(keep());
});

/** Keep the page with all it needs. */
async function keep() {
  const kept = await caches.open(KEPT);
  const answer = await fetch(PAGE, { cache: "reload" });
  const text = await answer.clone().text();
  const needed = [...text.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((found) => found[1]);
  await kept.addAll(needed);
  await kept.put(PAGE, answer);
  await self.skipWaiting();
}

self.addEventListener("activate", (event) => {
  event.waitUntil(tidy());
});

/** What an earlier release kept is not needed any more. */
async function tidy() {
  for (const name of await caches.keys()) if (name !== KEPT) await caches.delete(name);
  await self.clients.claim();
}

self.addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate") event.respondWith(page(event.request));
  else if (event.request.url.includes("/static/")) event.respondWith(file(event.request));
});

/** A page from the server, else the one that says that it is away. */
async function page(request) {
  try {
    return await fetch(request);
  } catch (error) {
    return (await caches.match(PAGE)) ?? Response.error();
  }
}

/** A file from the server, else as it was kept for that page. */
async function file(request) {
  try {
    return await fetch(request);
  } catch (error) {
    return (await caches.match(request)) ?? Response.error();
  }
}
