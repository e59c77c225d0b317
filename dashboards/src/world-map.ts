import common from '@grafana/grafana-foundation-sdk/common'
import geomap from '@grafana/grafana-foundation-sdk/geomap'
import { wear, type Face } from './panels.ts'

/** Where a marker stands: at the coordinates of its row, or in the middle of the row's country. */
const locations = {
  coordinates: () =>
    new common.FrameGeometrySourceBuilder()
      .mode(common.FrameGeometrySourceMode.Coords)
      .latitude('latitude')
      .longitude('longitude'),
  country: () =>
    new common.FrameGeometrySourceBuilder()
      .mode(common.FrameGeometrySourceMode.Lookup)
      .lookup('country')
      .gazetteer('public/gazetteer/countries.json'),
}

/**
 * Markers sized by `Value` on outlines that Grafana itself serves: the browser asks nobody else, so the map works
 * without internet and tells no tile server what is looked at.
 */
export function worldMap(face: Face, location: keyof typeof locations, colour: string) {
  const outlines = new common.MapLayerOptionsBuilder()
    .type('geojson')
    .name('World')
    .config({
      src: 'public/maps/countries.geojson',
      style: { color: { fixed: '#4f5b6b' }, opacity: 0.3, size: { fixed: 1 } },
    })
  const markers = new common.MapLayerOptionsBuilder()
    .type('markers')
    .name('Traffic')
    .tooltip(true)
    .location(locations[location]())
    .config({
      showLegend: false,
      style: {
        size: { field: 'Value', fixed: 5, min: 3, max: 25 },
        color: { fixed: colour },
        opacity: 0.6,
      },
    })
  // A fixed view: one that fits the markers cuts the outermost ones.
  const view = new geomap.MapViewConfigBuilder()
    .id(geomap.MapCenterID.Zero)
    .lat(20)
    .lon(0)
    .zoom(1.6)
    .allLayers(false)
    .layer('Traffic')
  return wear(new geomap.PanelBuilder(), face)
    .min(0)
    .basemap(outlines)
    .layers([markers])
    .view(view)
    .controls(new geomap.ControlsOptionsBuilder().showZoom(true).mouseWheelZoom(false))
    .tooltip(new geomap.TooltipOptionsBuilder().mode(geomap.TooltipMode.Details))
}

/** The time of the query says nothing on a map. */
export const withoutTime = { id: 'organize', options: { excludeByName: { Time: true } } }

/** Labels arrive as text, and markers want numbers. */
export const coordinatesAsNumbers = {
  id: 'convertFieldType',
  options: {
    conversions: ['latitude', 'longitude'].map(targetField => ({
      targetField,
      destinationType: 'number',
    })),
  },
}
