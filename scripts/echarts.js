// The parts of ECharts that the dashboard draws with, as one global. Bundled by scripts/setup, loaded on the dashboard only.
import * as core from 'echarts/core'
import { LineChart, BarChart } from 'echarts/charts'
import { GridComponent, TooltipComponent, DatasetComponent, AriaComponent } from 'echarts/components'
import { CanvasRenderer } from 'echarts/renderers'

core.use([LineChart, BarChart, GridComponent, TooltipComponent, DatasetComponent, AriaComponent, CanvasRenderer])
window.echarts = core
