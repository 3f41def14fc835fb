// The figures of the application, printed: run by `make bench` on the release build. They are measured, not asserted.
import { expect, test } from '../fixtures'
import { Server } from '../server'
import { spread } from '../truth'

const CLICKS = 200

test('click to committed re-render, 0 ms button', async ({ page }) => {
  test.setTimeout(300_000)
  const server = await Server.start({ APP__BUTTONS__RED_MS: '0' })
  await page.goto(`${server.url}/buttons`)
  await expect(page.locator('html[data-hydrated]')).toBeAttached()
  // The ground truth is the page's own: a MutationObserver sees the stage change, whatever our marks say. The first change is the
  // button that says it is waiting, the last one is the answer. Beside them what plain JavaScript needs from a click to a decoded answer
  // of the same server: Chromium draws the frame of a click before it looks at the network again, so nobody is faster.
  await page.evaluate(() => {
    const probe = { start: 0, first: 0, last: 0, plain: 0 }
    Object.assign(window, { probe })
    document.addEventListener('click', (event) => { Object.assign(probe, { start: event.timeStamp, first: 0, last: 0 }) }, true)
    new MutationObserver(() => {
      probe.last = performance.now() - probe.start
      probe.first ||= probe.last
    }).observe(document.querySelector('.buttons-stage')!, { subtree: true, childList: true, attributes: true, characterData: true })
    document.querySelector('h1')!.addEventListener('click', async () => {
      await (await fetch('/health')).text()
      probe.plain = performance.now() - probe.start
    })
  })
  const read = () => page.evaluate(() => (window as unknown as { probe: Record<'first' | 'last' | 'plain', number> }).probe)
  const [first, last, plain]: number[][] = [[], [], []]
  for (let click = 0; click < CLICKS; click++) {
    await page.getByRole('button', { name: 'Red' }).click()
    await page.waitForTimeout(60)
    const seen = await read()
    first.push(seen.first)
    last.push(seen.last)
    await page.getByRole('heading', { level: 1 }).click()
    await page.waitForTimeout(60)
    plain.push((await read()).plain)
  }
  print('click to the first re-render (waiting), ms', first)
  print('click to the re-render with the answer, ms', last)
  print('plain JavaScript, click to a decoded fetch, ms', plain)
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
  console.log(`${what}: ${spread(values)}`)
}
