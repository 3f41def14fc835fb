// The dashboard: it moves because of a click in another tab, it can be paused, and it survives a restart of the server.
import { expect, test } from '../fixtures'
import { Server } from '../server'

test('a click in another tab is on the charts', async ({ page, visit, secondTab }) => {
  await visit('/dashboard')
  await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'live')
  const chart = page.locator('#click-to-paint')
  await expect(chart.locator('canvas')).toBeVisible()
  const before = await chart.locator('canvas').screenshot()
  const other = await secondTab()
  await visit('/buttons', other)
  await other.getByRole('button', { name: 'Red' }).click()
  await expect(other.getByTestId('history').getByRole('listitem')).toHaveCount(1)
  await page.bringToFront()
  await expect(chart.getByTestId('current')).toContainText(/buttons\.red\s+p50\s+\d+ ms/)
  await expect(chart.getByText('Nothing yet')).toBeHidden()
  await expect.poll(async () => Buffer.compare(await chart.locator('canvas').screenshot(), before)).not.toBe(0)
  for (const id of ['interactions', 'server-functions', 'requests']) {
    await expect(page.locator(`#${id}`).getByTestId('current').getByRole('listitem').first()).toBeVisible()
  }
})

test('the table has the numbers of the chart', async ({ page, visit, secondTab }) => {
  const other = await secondTab()
  await visit('/buttons', other)
  await other.getByRole('button', { name: 'Red' }).click()
  await expect(other.getByTestId('history').getByRole('listitem')).toHaveCount(1)
  await visit('/dashboard')
  const chart = page.locator('#click-to-paint')
  await expect(chart.getByTestId('current')).toContainText('buttons.red')
  await chart.getByText('Table').click()
  await expect(chart.getByRole('columnheader', { name: 'buttons.red p50' })).toBeVisible()
  await expect(chart.getByRole('row').nth(1)).toContainText(/ms|s/)
})

test('paused, it stands still and counts what it missed', async ({ page, visit, secondTab }) => {
  await visit('/dashboard')
  await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'live')
  await page.getByRole('button', { name: 'Pause' }).click()
  const current = page.locator('#interactions').getByTestId('current')
  const before = await current.innerText()
  const other = await secondTab()
  await visit('/buttons', other)
  await other.getByRole('button', { name: 'Red' }).click()
  await expect(other.getByTestId('history').getByRole('listitem')).toHaveCount(1)
  await expect(page.getByText(/\d+ updates behind/)).toBeVisible()
  expect(await current.innerText()).toBe(before)
  await page.getByRole('button', { name: 'Resume' }).click()
  await expect(page.getByText(/updates behind/)).toBeHidden()
})

test('ECharts is loaded on the dashboard and nowhere else', async ({ page, visit }) => {
  const scripts: string[] = []
  page.on('request', (request) => scripts.push(new URL(request.url()).pathname))
  for (const path of ['/', '/buttons', '/sign-in']) await visit(path)
  expect(scripts).not.toContain('/echarts.js')
  await visit('/dashboard')
  await expect.poll(() => scripts).toContain('/echarts.js')
})

test.describe('restart', () => {
  test.use({ expectedErrors: [/ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|Failed to load resource/] })

  test('an open dashboard says that the server is gone and comes back with it', async ({ page }) => {
    const server = await Server.start()
    try {
      await page.goto(`${server.url}/dashboard`)
      const connection = page.getByTestId('connection')
      await expect(connection).toHaveAttribute('data-state', 'live')
      await server.down()
      await expect(connection).toHaveAttribute('data-state', 'reconnecting')
      await expect(connection).toContainText(/Reconnecting in \d+ s/)
      await server.up()
      await expect(connection).toHaveAttribute('data-state', 'live')
    } finally {
      await server.end()
    }
  })
})
