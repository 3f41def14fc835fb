// The figures of the application, printed: run by `make bench` on the release build. They are measured, not asserted.
import { expect, test } from '../fixtures'
import { Server } from '../server'

const CLICKS = 200

test('click to committed re-render, 0 ms button', async ({ page }) => {
  test.setTimeout(300_000)
  const server = await Server.start({ APP__BUTTONS__RED_MS: '0' })
  await page.goto(`${server.url}/buttons`)
  await expect(page.locator('html[data-hydrated]')).toBeAttached()
  // The ground truth is the page's own: a MutationObserver sees the swatch change, whatever our marks say.
  await page.evaluate(() => {
    const swatch = document.querySelector('[data-testid=history]')!.closest('section')!.querySelector('[role=status]')!.parentElement!.parentElement!
    const times: number[] = []
    let start = 0
    Object.assign(window, { times })
    document.addEventListener('click', (event) => { start = event.timeStamp }, true)
    new MutationObserver(() => { if (start) { (window as unknown as { last: number }).last = performance.now() - start } })
      .observe(swatch, { subtree: true, childList: true, attributes: true, characterData: true })
  })
  const button = page.getByRole('button', { name: 'Red' })
  const times: number[] = []
  for (let click = 0; click < CLICKS; click++) {
    await button.click()
    await page.waitForTimeout(60)
    times.push(await page.evaluate(() => (window as unknown as { last: number }).last))
  }
  print('click to committed re-render (0 ms button), ms', times)
  await server.end()
})

test('click in one tab to the dashboard in another', async ({ page, context }) => {
  test.setTimeout(300_000)
  const server = await Server.start({ APP__BUTTONS__RED_MS: '0' })
  await page.goto(`${server.url}/dashboard`)
  await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'live')
  const other = await context.newPage()
  await other.goto(`${server.url}/buttons`)
  await expect(other.locator('html[data-hydrated]')).toBeAttached()
  const times: number[] = []
  for (let round = 0; round < 20; round++) {
    // The stream itself is watched, so that the chart's own frame is not waited for in a tab that is behind.
    const seen = page.evaluate(() => new Promise<number>((done) => {
      const source = new EventSource('/telemetry/stream')
      let id: number | undefined
      source.addEventListener('snapshot', (event) => {
        const snapshot = JSON.parse((event as MessageEvent).data)
        const metric = snapshot.definitions.findIndex((it: { name: string }) => it.name === 'leptos.interaction.stop.total')
        id = snapshot.series.find((it: { metric: number }) => it.metric === metric)?.id
        Object.assign(window, { ready: true })
      })
      source.addEventListener('frame', (event) => {
        const frame = JSON.parse((event as MessageEvent).data)
        const fresh = frame.series.some((it: { tags: string[][] }) => it.tags.some((tag) => tag[1] === 'buttons.red'))
        if (fresh || frame.points.some(([series]: [number]) => series === id)) { source.close(); done(Date.now()) }
      })
    }))
    await page.waitForFunction(() => (window as unknown as { ready?: boolean }).ready)
    const clicked = Date.now()
    await other.getByRole('button', { name: 'Red' }).click()
    times.push((await seen) - clicked)
    await page.evaluate(() => { delete (window as unknown as { ready?: boolean }).ready })
    await page.waitForTimeout(1100)
  }
  print('click to a dashboard in another tab, ms', times)
  await server.end()
})

test('bytes of the first page', async ({ page }) => {
  const server = await Server.start()
  for (const path of ['/', '/buttons', '/dashboard']) {
    const session = await page.context().newCDPSession(page)
    await session.send('Network.enable')
    await session.send('Network.setCacheDisabled', { cacheDisabled: true })
    let bytes = 0
    session.on('Network.loadingFinished', (event) => { bytes += event.encodedDataLength })
    await page.goto(server.url + path)
    await expect(page.locator('html[data-hydrated]')).toBeAttached()
    await page.waitForTimeout(1000)
    console.log(`first load of ${path}: ${(bytes / 1000).toFixed(1)} kB transferred`)
    await session.detach()
  }
  await server.end()
})

function print(what: string, values: number[]): void {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (p: number) => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))].toFixed(1)
  console.log(`${what}: median ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)} (n = ${sorted.length})`)
}
