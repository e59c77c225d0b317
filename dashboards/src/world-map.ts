import common from '@grafana/grafana-foundation-sdk/common'
import geomap from '@grafana/grafana-foundation-sdk/geomap'
import { colours } from './parts.ts'
import { wear, type Face } from './panels.ts'

/**
 * Markers at `latitude` and `longitude`, sized by `Value`, on outlines that Grafana itself serves: the browser asks
 * nobody else, so the map works without internet and tells no tile server what is looked at.
 */
export function worldMap(face: Face) {
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
    .location(
      new common.FrameGeometrySourceBuilder()
        .mode(common.FrameGeometrySourceMode.Coords)
        .latitude('latitude')
        .longitude('longitude'),
    )
    .config({
      showLegend: false,
      style: {
        size: { field: 'Value', fixed: 5, min: 3, max: 25 },
        color: { fixed: colours.sent },
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
