// From a click in one tab to its waterfall in another: parts that add up, causes that are right, an address to share, a keyboard to move by.
import AxeBuilder from '@axe-core/playwright'
import type { Page, TestInfo } from '@playwright/test'
import { expect, signUp, somebody, test } from '../fixtures'

const BASE = '/dashboard/interactions'

async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name }).click()
  await expect(page.getByRole('status').filter({ hasText: `${name} is on the screen` })).toBeVisible()
}

type Part = { part: string; cause: string; event: string; place: string; start: number; took: number; ended: string }

/** The table below the waterfall: the same numbers. */
async function numbers(page: Page): Promise<Part[]> {
  const rows = await page.getByTestId('numbers').locator('tbody tr').all()
  return Promise.all(rows.map(async (row) => {
    const [part, cause, event, place, start, took, ended] = (await row.locator('th, td').allTextContents()).map((text) => text.trim())
    return { part, cause, event, place, start: Number(start), took: Number(took), ended }
  }))
}

/** Opens the newest interaction of this name, in a tab that already shows the list. */
async function open(page: Page, name: string): Promise<Part[]> {
  const link = page.getByTestId('latest').getByRole('link', { name }).first()
  await expect(link).toBeVisible()
  await link.click()
  await expect(page.getByTestId('waterfall')).toBeVisible()
  return numbers(page)
}

test('a click in one tab is a waterfall in another, whole and in order', async ({ page, visit, secondTab }) => {
  await visit(BASE)
  const other = await secondTab()
  await visit('/buttons', other)
  await press(other, 'Red')
  await page.bringToFront()
  const parts = await open(page, 'buttons.red')
  const find = (part: string, event = '', place = '') => {
    const found = parts.filter((it) => it.part === part && it.event === event && (!place || it.place === place))
    expect(found, `${part} ${event}`).toHaveLength(1)
    return found[0]
  }
  const whole = find('buttons.red', 'click')
  const [call, request, served] = [find('press_red', 'leptos.server_fn', 'network'), find('request'), find('/api/press_red', 'http.request')]
  expect([call, request, served].map((it) => it.cause)).toEqual(['buttons.red', 'press_red', 'press_red'])
  expect(find('body').place).toBe('server')
  for (const name of ['input delay', 'handler', 're-render', 'paint']) expect(find(name).cause).toBe('buttons.red')
  expect(whole.ended).toBe('rendered')

  // The call's parts follow one another and add up to it; the server lies inside, in the middle.
  const inside = ['queue', 'request', 'response'].map((name) => find(name).took)
  const decode = parts.find((it) => it.part === 'decode' && it.cause === 'press_red' && it.place === 'network')!.took
  const body = served.took
  expect(Math.abs(inside.reduce((sum, ms) => sum + ms, decode) + body - call.took)).toBeLessThan(2)
  expect(Math.abs(find('request').took - find('response').took)).toBeLessThan(0.01)
  expect(find('body').took).toBeGreaterThanOrEqual(100)
  expect(served.start).toBeGreaterThanOrEqual(call.start)
  expect(served.start + served.took).toBeLessThanOrEqual(call.start + call.took + 2)

  // Six parts that add up to the whole, and the paint at its end.
  const six = await page.getByTestId('parts').locator('dt, dd').allTextContents()
  expect(six.filter((_, index) => index % 2 === 0)).toEqual(['input', 'handler', 'network', 'server', 'render', 'paint'])
  expect(Math.abs(find('paint').start + find('paint').took - whole.took)).toBeLessThan(0.1)
  await expect(page.getByTestId('marks')).toContainText('first re-render')
  await expect(page.getByTestId('marks')).toContainText(/last re-render.*settled.*its frame.*paint/)
})

test('the list and a waterfall are accessible and fit, in both themes and on a phone', async ({ page, visit }, info) => {
  await visit('/buttons')
  for (const name of ['Red', 'Green']) await press(page, name)
  await visit(BASE)
  await expect(page.getByTestId('latest').getByRole('listitem').first()).toBeVisible()
  await look(page, info, 'list')
  await open(page, 'buttons.red')
  await page.getByText('Table', { exact: true }).click()
  await look(page, info, 'waterfall')
})

/** Nothing for axe to complain about in either theme, and nothing wider than the screen. */
async function look(page: Page, info: TestInfo, what: string): Promise<void> {
  for (const theme of ['light', 'dark']) {
    await page.evaluate((theme) => { document.documentElement.dataset.theme = theme }, theme)
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()
    expect(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), `${what} ${theme}`).toEqual([])
    await info.attach(`${what} ${theme}`, { body: await page.screenshot({ fullPage: true }), contentType: 'image/png' })
  }
  const before = page.viewportSize()!
  for (const width of [390, 320]) {
    await page.setViewportSize({ width, height: 800 })
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    await info.attach(`${what} ${width}`, { body: await page.screenshot({ fullPage: true }), contentType: 'image/png' })
  }
  await page.setViewportSize(before)
}

test('a form has its queries and its question to somebody else below it', async ({ page, visit }) => {
  await visit('/sign-up')
  await signUp(page, somebody())
  await visit(BASE)
  const parts = await open(page, 'button "Sign up"')
  const cause = (part: string, event: string) => parts.find((it) => it.part === part && it.event === event)?.cause
  expect(parts.find((it) => it.part === 'sign_up' && it.place === 'network')?.cause).toBe('button "Sign up"')
  expect(cause('/api/sign_up', 'http.request')).toBe('sign_up')
  for (const [part, event] of [['127.0.0.1', 'external.request'], ['create_user', 'db.query'], ['create_session', 'db.transaction']]) {
    expect(cause(part, event), part).toBe('sign_up')
  }
  expect(cause('insert_session', 'db.query')).toBe('create_session')
  // Nobody listens at the breach list of this test: it fails, says so, and keeps nobody out.
  expect(parts.find((it) => it.event === 'external.request')?.ended).toBe('error')
  // It was open until its answer was there.
  const [whole, call] = [parts[0], parts.find((it) => it.part === 'sign_up' && it.place === 'network')!]
  expect(whole.took).toBeGreaterThanOrEqual(call.start + call.took)
})

test('an address leads somebody else to the same waterfall', async ({ page, visit, browser, server }) => {
  await visit('/buttons')
  await press(page, 'Red')
  await visit(BASE)
  await open(page, 'buttons.red')
  const id = await page.getByTestId('trace-id').innerText()
  expect(id).toMatch(/^[0-9a-f]{32}$/)
  expect(new URL(page.url()).pathname).toBe(`${BASE}/${id}`)
  const context = await browser.newContext()
  const stranger = await context.newPage()
  await stranger.goto(page.url())
  await expect(stranger.getByTestId('waterfall')).toBeVisible()
  expect(await numbers(stranger)).toEqual(await numbers(page))
  await stranger.goto(`${server.url}${BASE}/${'0'.repeat(31)}1`)
  await expect(stranger.getByTestId('gone')).toContainText("isn't kept any more")
  await context.close()
})

test('by keyboard: arrows move through the parts, c copies the trace', async ({ page, visit, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await visit('/buttons')
  await press(page, 'Red')
  await visit(BASE)
  await open(page, 'buttons.red')
  const rows = page.getByTestId('waterfall').locator('tbody tr')
  const detail = page.getByTestId('detail')
  await rows.first().focus()
  await expect(detail).toContainText('buttons.red (click)')
  await page.keyboard.press('ArrowDown')
  await expect(rows.nth(1)).toBeFocused()
  await expect(detail).toContainText('input delay')
  await page.keyboard.press('End')
  await expect(rows.last()).toBeFocused()
  await expect(detail).toContainText('paint')
  await page.keyboard.press('ArrowDown')
  await expect(rows.last()).toBeFocused()
  await page.keyboard.press('Home')
  await expect(rows.first()).toBeFocused()
  await page.keyboard.press('c')
  await expect(page.getByText('Copied')).toBeVisible()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await page.getByTestId('trace-id').innerText())
  // One stop for the whole waterfall, not one per row.
  expect(await rows.locator('xpath=self::*[@tabindex="0"]').count()).toBe(1)
})

test('filters and sorting stand in the address, and the list stays current', async ({ page, visit, secondTab }) => {
  const other = await secondTab()
  await visit('/buttons', other)
  for (const name of ['Red', 'Green']) await press(other, name)
  await visit(BASE)
  const [events, latest] = [page.getByTestId('events'), page.getByTestId('latest')]
  await events.getByRole('link', { name: 'buttons.red' }).click()
  await expect(page).toHaveURL(/event=buttons\.red/)
  await expect(latest.getByRole('link', { name: 'buttons.green' })).toHaveCount(0)
  const before = await latest.getByRole('listitem').count()
  expect(before).toBeGreaterThan(0)
  await press(other, 'Red')
  await page.bringToFront()
  await expect(latest.getByRole('listitem')).toHaveCount(before + 1)
  await events.getByRole('link', { name: 'p50' }).click()
  await expect(page).toHaveURL(/event=buttons\.red&sort=p50/)
  await expect(events.getByRole('columnheader', { name: 'p50' })).toHaveAttribute('aria-sort', 'descending')
  const names = await events.getByRole('rowheader').allInnerTexts()
  expect(names.indexOf('buttons.green')).toBeLessThan(names.indexOf('buttons.red'))
  await page.getByRole('navigation', { name: 'Outcome' }).getByRole('link', { name: 'failed' }).click()
  await expect(latest.getByRole('listitem')).toHaveCount(0)
  await page.reload()
  await expect(page.getByRole('navigation', { name: 'Outcome' }).getByRole('link', { name: 'failed' })).toHaveAttribute('aria-current', 'true')
  await page.goBack()
  await expect(latest.getByRole('listitem')).not.toHaveCount(0)
})
