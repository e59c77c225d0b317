import { z } from 'zod'

/** A point on Earth, in degrees. */
export type Location = { readonly latitude: number; readonly longitude: number }

const hint = 'use latitude and longitude in degrees, such as 50.11,8.68'

/** Degrees as a text, `LATITUDE,LONGITUDE`. */
export const locationText = z
  .string()
  .regex(/^-?\d{1,2}(\.\d+)?, ?-?\d{1,3}(\.\d+)?$/, hint)
  .transform((text): Location => {
    const [latitude = 0, longitude = 0] = text.split(',').map(Number)
    return { latitude, longitude }
  })
  .refine(({ latitude, longitude }) => Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180, hint)
