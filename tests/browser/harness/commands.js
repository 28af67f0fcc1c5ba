// Many commands at once: the client, in a page of its own that shows nothing, sends them over the feed.

/** Opens a sender; `send(commands)` resolves when all are durable, and rejects where one was refused. */
export async function openCommands(browser, engine) {
  // A document of the engine's origin without the page's own connection.
  const page = await browser.open(`${engine.url}/livez`);
  await page.evaluate(async () => {
    const { connect } = await import("/assets/client/index.js");
    window.client = connect({ url: "" });
    await window.client.whenLive();
  });
  return {
    send: (commands) => page.evaluate(async (wanted) => {
      const refused = (await window.client.commands(wanted)).filter(({ ok }) => !ok);
      if (refused.length > 0) throw new Error(`${refused.length} commands refused, the first: ${JSON.stringify(refused[0])}`);
    }, commands),
    close: () => page.close(),
  };
}
